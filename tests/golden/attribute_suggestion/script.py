class Config:
    timeout = 1


print(Config().timout)
