name = "leaf"
