"""Services: the rules and the SQL, one package a noun."""
