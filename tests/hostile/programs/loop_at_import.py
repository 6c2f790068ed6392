"""expect: timeout: longer than"""

while True:
    pass
