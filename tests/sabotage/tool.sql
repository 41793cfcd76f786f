-- Rewrites one function of the migrations as it stands now, so that a removed guard is all that differs. A passage that
-- is no longer there is an error: then the sabotage would prove nothing. Runs before each file beside this one.
CREATE SCHEMA sabotage;
CREATE FUNCTION sabotage.without(p_function regproc, p_passage text, p_instead text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_now text := pg_get_functiondef(p_function);
BEGIN
    IF strpos(v_now, p_passage) = 0 THEN
        RAISE EXCEPTION 'the passage to remove is not in %: %', p_function, p_passage;
    END IF;
    EXECUTE replace(v_now, p_passage, p_instead);
END
$$;
