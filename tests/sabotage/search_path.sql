-- The owner's functions look for types in the session's temporary schema first.
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'almanac'::regnamespace
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog', v_function);
    END LOOP;
END
$$;
