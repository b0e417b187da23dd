"""The base of the service: configuration, errors, database, security. It knows neither HTTP nor tasks."""
