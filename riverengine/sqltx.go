package riverengine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// jobRow is River's job on its way through database/sql, whatever the driver:
// River's own driver for that brings lib/pq along.
type jobRow struct {
	Args        river.JobArgs   `json:"args"`
	Kind        string          `json:"kind"`
	MaxAttempts int             `json:"max_attempts"`
	Metadata    json.RawMessage `json:"metadata"`
	Queue       string          `json:"queue"`
	ScheduledAt time.Time       `json:"scheduled_at,omitzero"`
}

// insertRows inserts jobs as InsertManyFast of River does, and notifies as it
// does. The rows are one parameter, as text: every driver can send that.
const insertRows = `WITH inserted AS (
	INSERT INTO @river_job (args, kind, max_attempts, metadata, queue, scheduled_at, created_at, state)
	SELECT args, kind, max_attempts, metadata, queue, coalesce(scheduled_at, statement_timestamp()), statement_timestamp(),
		(CASE WHEN scheduled_at IS NULL THEN 'available' ELSE 'scheduled' END)::@river_job_state
	FROM json_to_recordset($1::text::json)
		AS rows (args jsonb, kind text, max_attempts smallint, metadata jsonb, queue text, scheduled_at timestamptz)
	RETURNING queue, state
)
SELECT pg_notify($2::text, json_build_object('queue', queue)::text)
FROM (SELECT DISTINCT queue FROM inserted WHERE state = 'available') q`

// mostRows bounds the rows of one statement, in bytes.
const mostRows = 4 << 20

// insertSQL queues jobs within a *sql.Tx on Postgres.
func (d *postgresDB) insertSQL(ctx context.Context, tx *sql.Tx, jobs []river.InsertManyParams) error {
	s := sqlSession{tx, d.names}
	insert := func(rows []byte) error {
		_, err := s.exec(ctx, insertRows, string(append(rows, ']')), d.schema+".river_insert")
		return err
	}
	rows := []byte{'['}
	for _, j := range jobs {
		row, err := json.Marshal(jobRow{
			j.Args, j.Args.Kind(), j.InsertOpts.MaxAttempts, j.InsertOpts.Metadata, j.InsertOpts.Queue,
			j.InsertOpts.ScheduledAt.Truncate(time.Microsecond), // as pgx does; Postgres would round it
		})
		if err != nil {
			return err
		}
		if len(rows) > 1 && len(rows)+len(row) > mostRows {
			if err := insert(rows); err != nil {
				return err
			}
			rows = rows[:1]
		}
		if len(rows) > 1 {
			rows = append(rows, ',')
		}
		rows = append(rows, row...)
	}
	return insert(rows)
}

// explainTx says what is wrong with the user's transaction on Postgres, which
// has failed by now.
func explainTx(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("riverengine: the transaction has ended: RunTx comes before its Commit and Rollback: %w", err)
	}
	const noTable, noSchema = "42P01", "3F000"
	if s, ok := errors.AsType[stater](err); ok && (s.SQLState() == noTable || s.SQLState() == noSchema) {
		return fmt.Errorf("riverengine: the transaction is on another database than the engine's, one without its tables: begin it on the engine's database: %w", err)
	}
	return err
}
