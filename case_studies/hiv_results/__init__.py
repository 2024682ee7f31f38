"""Who is infected among the people who did not come for the result of their HIV test?"""
