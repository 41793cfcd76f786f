-- A receipt does not name the one before it.
SELECT sabotage.without('almanac.write_receipt', '''previous'', v_head.head', '''previous'', NULL::text');
