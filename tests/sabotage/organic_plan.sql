-- A later attempt plans anew.
SELECT sabotage.without('almanac.keep_organic_plan', 'SET plan = p_plan, total', 'SET total');
