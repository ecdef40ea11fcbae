package riverengine

import (
	"context"
	"strconv"
	"strings"
)

// A claim that was made before its entry is written names its process. Where that
// is dead, the claim of what was written is left to its entry, and names nobody
// any more; one of a call that is neither in the journal nor queued is deleted.
// A claim of a process that lives costs nothing here, however many there are.

// claimants selects the dead processes that claims name, by a look at the index
// for each process.
func (p *process) claimants() string {
	return `WITH RECURSIVE claimants (process) AS (
	SELECT min(process) FROM @claims WHERE process <> ''
	UNION ALL
	SELECT (SELECT min(c.process) FROM @claims AS c WHERE c.process <> '' AND c.process > claimants.process)
	FROM claimants WHERE claimants.process IS NOT NULL
)
SELECT process FROM claimants WHERE process IS NOT NULL AND ` + p.dead("claimants.process") + " AND " + p.judging()
}

// keepClaims leaves some claims of the process in $2 to their entries.
func (p *process) keepClaims() string {
	return "UPDATE @claims SET process = ''" + p.someClaims("("+p.written()+")")
}

// freeClaims deletes some claims of the process in $2 that have no entry.
func (p *process) freeClaims() string {
	return "DELETE FROM @claims" + p.someClaims("NOT ("+p.written()+")")
}

func (p *process) someClaims(condition string) string {
	return " WHERE (task, key) IN (SELECT c.task, c.key FROM @claims AS c WHERE c.process = $2 AND c.process <> '' AND " +
		p.dead("c.process") + " AND " + p.judging() + " AND " + condition + " LIMIT " + strconv.Itoa(judgedTogether) + ")"
}

// written is the condition that the call of a claim is in the journal or queued.
// The OFFSET keeps Postgres from reading all that waits at once.
func (p *process) written() string {
	var in []string
	for _, h := range p.db.halves() {
		in = append(in, "EXISTS (SELECT 1 FROM "+h.table+" AS e WHERE e.id = c.entry_id LIMIT 1 OFFSET 0)")
	}
	return strings.Join(in, " OR ")
}

// judgeClaims frees the keys that dead processes had claimed for calls that they
// have not written. No entry shows who holds those, so that nobody else could.
func (p *process) judgeClaims(ctx context.Context, last int64) error {
	var dead []string
	err := p.db.alone(ctx, false, func(s session) error {
		dead = dead[:0]
		return s.query(ctx, func(scan scan) error {
			dead = append(dead, "")
			return scan(&dead[len(dead)-1])
		}, p.claimants(), last)
	})
	if err != nil {
		return err
	}
	for _, id := range dead {
		for _, statement := range []string{p.keepClaims(), p.freeClaims()} { // the second finds few
			if err := p.repeat(ctx, statement, last, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeat executes a statement until it finds less than it may.
func (p *process) repeat(ctx context.Context, statement string, args ...any) error {
	for {
		var n int64
		err := p.db.alone(ctx, false, func(s session) (err error) {
			n, err = s.exec(ctx, statement, args...)
			return err
		})
		if err != nil || n < judgedTogether {
			return err
		}
	}
}
