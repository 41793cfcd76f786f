-- An erase judges a row by the moment it was written, not by the request of the job that wrote it.
SELECT sabotage.without('almanac.requested_at', 'IF NOT FOUND THEN
        RETURN p_row;', 'IF true THEN
        RETURN p_row;');
