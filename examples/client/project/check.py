from add import add

assert add(2, 2) == 4, f"2 and 2 is {add(2, 2)}"
print("all is well")
