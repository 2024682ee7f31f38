"""Did higher minimum wages lower the employment of teenagers?"""
