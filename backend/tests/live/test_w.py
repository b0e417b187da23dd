def test_w(start):
    s=start(WORKERS="2")
    print(s.said())
