package main

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

// What RunTx does in production goes through lib/pq too. Since a test records,
// the engine is called here.
func TestEngineInTxOfLibPQ(t *testing.T) {
	database, _ := newDatabase(t)
	pool, err := pgxpool.New(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	e, err := riverengine.NewPostgres(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	db := openDB(t, "postgres", database)
	job := func(entry string, due time.Time) engine.Job {
		payload := json.RawMessage(`{"text":"ä \\ \" \u0000"}`)
		return engine.Job{EntryID: entry, Task: engine.TaskSpec{Name: "note.take"}, Payload: payload, Args: payload, Key: "k" + entry[:1], NotBefore: due}
	}
	submit := func(jobs ...engine.Job) (*sql.Tx, []engine.Ticket) {
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		tickets, err := e.SubmitTx(t.Context(), tx, engine.Batch{RunID: "libpq", Run: "run", At: time.Now(), Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		return tx, tickets
	}
	tx, _ := submit(job("a0", time.Time{}))
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	tx, tickets := submit(job("a1", time.Time{}), job("b1", time.Now().Add(time.Hour)), job("a2", time.Time{}))
	if err := tx.Commit(); err != nil || tickets[0].Holder+tickets[1].Holder != "" || tickets[2].Holder != "a1" {
		t.Errorf("tickets %+v, %v", tickets, err)
	}
	page, err := e.Journal().Query(t.Context(), journal.Query{OldestFirst: true})
	got := ""
	for _, entry := range page.Entries {
		got += entry.ID + " " + string(entry.Status) + " "
	}
	if err != nil || got != "a1 queued a2 duplicate b1 queued " {
		t.Errorf("the journal has %q, %v", got, err)
	}
}
