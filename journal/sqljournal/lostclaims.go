package sqljournal

import (
	"database/sql"
	"errors"
	"time"
)

// A claim names the process that has made it. Where that is dead, the claim of
// an entry that was written is left to the entry, and names nobody any more; one
// without an entry is deleted. A claim of a process that lives costs nothing
// here, however many there are.
const (
	// claimantSQL finds a dead process that claims name, by a look at the index
	// for each process.
	claimantSQL = `WITH RECURSIVE claimants (process) AS (
	SELECT min(process) FROM saferunner_claims WHERE process <> ''
	UNION ALL
	SELECT (SELECT min(c.process) FROM saferunner_claims AS c WHERE c.process <> '' AND c.process > claimants.process)
	FROM claimants WHERE claimants.process IS NOT NULL
)
SELECT process FROM claimants WHERE process IS NOT NULL
AND process NOT IN (SELECT id FROM saferunner_processes WHERE seen BETWEEN ? AND ?) LIMIT 1`

	keepClaimsSQL = "UPDATE saferunner_claims SET process = ''" + someClaims + "EXISTS" + claimedEntry
	freeClaimsSQL = "DELETE FROM saferunner_claims" + someClaims + "NOT EXISTS" + claimedEntry

	someClaims   = " WHERE (task, key) IN (SELECT c.task, c.key FROM saferunner_claims AS c WHERE c.process = ? AND c.process <> '' AND "
	claimedEntry = " (SELECT 1 FROM saferunner_entries AS e WHERE e.id = c.entry_id) LIMIT ?)"
)

// judgeClaims judges at most judgedTogether claims of processes that were not
// seen between these times, and returns how many.
func (j *Journal) judgeClaims(from, to time.Time) (n int, err error) {
	for n < judgedTogether {
		var process string
		err := j.conn.QueryRowContext(background, claimantSQL, from.UnixMilli(), to.UnixMilli()).Scan(&process)
		if errors.Is(err, sql.ErrNoRows) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		before := n
		for _, statement := range []string{keepClaimsSQL, freeClaimsSQL} {
			result, err := j.conn.ExecContext(background, statement, process, judgedTogether-n)
			if err != nil {
				return n, err
			}
			judged, err := result.RowsAffected()
			if err != nil {
				return n, err
			}
			n += int(judged)
		}
		if n == before {
			return n, nil // not with SQLite, but it must not go on for ever
		}
	}
	return n, nil
}
