"""By how much does cholestyramine lower cholesterol, when many of those assigned to it did not take
it?
"""
