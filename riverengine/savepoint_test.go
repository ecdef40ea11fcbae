package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/saferunnertest"
)

// A savepoint that cannot be rolled back takes the whole transaction along.
func TestSavepointThatCannotBeRolledBack(t *testing.T) {
	rec, db := saferunnertest.New(t), usersDB(t)
	err := InTx(rec.Context(), db, func(ctx context.Context, tx *sql.Tx) error {
		err := InTx(ctx, db, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT saferunner_1")
			return errors.Join(err, take(ctx, "dropped"), errRollback)
		})
		if !errors.Is(err, errRollback) || !strings.Contains(err.Error(), "ROLLBACK TO SAVEPOINT") {
			t.Errorf("the savepoint returned %v", err)
		}
		return take(ctx, "dropped too")
	})
	if err == nil || !strings.Contains(err.Error(), "a savepoint in it could not be rolled back") {
		t.Errorf("got %v", err)
	}
	rec.AssertNone()
}

// A savepoint whose function hides an error of the database is rolled back, and
// the transaction around it goes on.
func TestSavepointWithAHiddenError(t *testing.T) {
	url := testDatabase(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	hides := func(ctx context.Context, err error) error {
		if err == nil {
			t.Error("the statement did not fail")
		}
		return take(ctx, "dropped")
	}
	goesOn := func(ctx context.Context, failure, after error) error {
		if failure == nil || !strings.Contains(failure.Error(), "25P02") || strings.Contains(failure.Error(), "rolling back") {
			t.Errorf("the savepoint returned %v", failure)
		}
		return errors.Join(after, take(ctx, "kept"))
	}
	const wrong, right = "SELECT 1/0", "SELECT 1"
	t.Run("pgx", func(t *testing.T) {
		rec := saferunnertest.New(t)
		err := InPgxTx(rec.Context(), conn, func(ctx context.Context, tx pgx.Tx) error {
			failure := InPgxTx(ctx, conn, func(ctx context.Context, inner pgx.Tx) error {
				_, err := inner.Exec(ctx, wrong)
				return hides(ctx, err)
			})
			_, after := tx.Exec(ctx, right)
			return goesOn(ctx, failure, after)
		})
		if err != nil {
			t.Error(err)
		}
		rec.Assert("intx", takeNote.With("kept").Async(), takeNote.With("kept sync"))
	})
	t.Run("stdlib", func(t *testing.T) {
		rec, db := saferunnertest.New(t), openStdlib(t, url, pgx.QueryExecModeCacheStatement)
		err := InTx(rec.Context(), db, func(ctx context.Context, tx *sql.Tx) error {
			failure := InTx(ctx, db, func(ctx context.Context, inner *sql.Tx) error {
				_, err := inner.ExecContext(ctx, wrong)
				return hides(ctx, err)
			})
			_, after := tx.ExecContext(ctx, right)
			return goesOn(ctx, failure, after)
		})
		if err != nil {
			t.Error(err)
		}
		rec.Assert("intx", takeNote.With("kept").Async(), takeNote.With("kept sync"))
	})
}
