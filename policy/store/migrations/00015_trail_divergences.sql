-- +goose Up
-- Records are found by how a candidate's decision differs, and by reasons that were only recorded.
INSERT OR IGNORE INTO trail_terms SELECT 'candidate:' || json_extract(record, '$.candidate.change'), at, n FROM trail WHERE record LIKE '%"candidate":{%' AND json_extract(record, '$.candidate.change') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'candidate:any', at, n FROM trail WHERE record LIKE '%"candidate":{%' AND json_extract(record, '$.candidate.change') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'shadow:' || json_extract(f.value, '$.code'), at, n FROM trail, json_each(record, '$.decision.reasons') f
    WHERE record LIKE '%"mode":"shadow"%' AND json_extract(f.value, '$.mode') = 'shadow';
INSERT OR IGNORE INTO trail_terms SELECT 'shadow:any', at, n FROM trail, json_each(record, '$.decision.reasons') f
    WHERE record LIKE '%"mode":"shadow"%' AND json_extract(f.value, '$.mode') = 'shadow';
