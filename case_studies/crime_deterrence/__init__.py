"""Do more arrests, convictions and prison sentences lower crime?"""
