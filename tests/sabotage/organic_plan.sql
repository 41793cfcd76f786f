-- A later attempt plans again.
SELECT sabotage.without('almanac.keep_organic_plan', 'SET plan = p_plan, total', 'SET total');
