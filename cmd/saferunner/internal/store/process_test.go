package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/journal"
)

// childVariable makes this test binary a child process: what it does, and
// the path of its journal.
const childVariable = "SAFERUNNER_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	role, path, isChild := strings.Cut(os.Getenv(childVariable), " ")
	if !isChild {
		leaktest.Main(m) // exits
	}
	if err := child(role, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(role, path string) error {
	j, err := store.Open(context.Background(), path)
	if err != nil {
		return err
	}
	switch role {
	case "write":
		err = writeForEver(j)
	case "claim":
		err = claimAll(j)
	default:
		err = fmt.Errorf("no such role: %s", role)
	}
	if closeErr := j.Close(); err == nil {
		err = closeErr
	}
	return err
}

// writeForEver prints after each Flush how many entries are safe.
func writeForEver(j journal.Journal) error {
	ctx := context.Background()
	for i := 0; ; i++ {
		e := entry(inOrder(i))
		e.Status = journal.StatusRunning
		done := e
		done.Status = journal.StatusDone
		if err := j.Write(ctx, journal.Put(e), journal.Put(done)); err != nil {
			return err
		}
		if i%100 != 99 {
			continue
		}
		if err := j.(interface{ Flush(context.Context) error }).Flush(ctx); err != nil {
			return err
		}
		fmt.Println(i + 1)
	}
}

// claimAll claims each key that it is sent, and prints its holder.
func claimAll(j journal.Journal) error {
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		holder, err := j.Claim(context.Background(), "card.charge", in.Text(), strconv.Itoa(os.Getpid()))
		if err != nil {
			return err
		}
		fmt.Println(holder)
	}
	return nil
}

func startChild(t *testing.T, role, path string) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+role+" "+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(out)
}

func TestKilledProcess(t *testing.T) {
	path := file(t)
	cmd, _, out := startChild(t, "write", path)
	safe := 0
	for safe < 3000 && out.Scan() {
		n, err := strconv.Atoi(out.Text())
		if err != nil {
			t.Fatal(err)
		}
		safe = n
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for out.Scan() { // what it still said
		if n, err := strconv.Atoi(out.Text()); err == nil {
			safe = n
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	if safe < 3000 {
		t.Fatalf("the child wrote only %d entries", safe)
	}

	j := open(t, path)
	q := journal.Query{OldestFirst: true, Limit: journal.MaxPage}
	n := 0
	for {
		page, err := j.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.ID != inOrder(n) {
				t.Fatalf("entry %d has ID %s: one is missing", n, e.ID)
			}
			if n < safe && e.Status != journal.StatusDone {
				t.Fatalf("entry %d of %d that were flushed is %s, want done", n, safe, e.Status)
			}
			n++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if n < safe {
		t.Errorf("%d entries after the kill, and %d had been flushed", n, safe)
	}
	if err := j.Write(t.Context(), journal.Put(entry("after"))); err != nil {
		t.Error(err)
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Errorf("writing after the kill: %v", err)
	}
}

func TestClaimsOfTwoProcesses(t *testing.T) {
	path := file(t)
	type process struct {
		cmd *exec.Cmd
		in  io.WriteCloser
		out *bufio.Scanner
	}
	var processes []process
	for range 2 { // both open the file, which does not exist yet, at once
		cmd, in, out := startChild(t, "claim", path)
		processes = append(processes, process{cmd, in, out})
	}
	for _, p := range processes {
		if !p.out.Scan() {
			t.Fatalf("a child did not start: %v", p.cmd.Wait())
		}
	}
	won := map[string]int{}
	for key := range 200 {
		for _, p := range processes { // both are at it before either is listened to
			if _, err := fmt.Fprintln(p.in, key); err != nil {
				t.Fatal(err)
			}
		}
		var holders []string
		for _, p := range processes {
			if !p.out.Scan() {
				t.Fatalf("a child ended: %v", p.cmd.Wait())
			}
			holders = append(holders, p.out.Text())
		}
		won[holders[0]]++
		if holders[0] != holders[1] {
			t.Errorf("key %d: one process was told that %s holds it, the other that %s does", key, holders[0], holders[1])
		}
	}
	children := 0
	for _, p := range processes {
		children += won[strconv.Itoa(p.cmd.Process.Pid)]
		closeNow(t, p.in)
		if err := p.cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if children != 200 {
		t.Errorf("%d of 200 keys are held by a child: %v", children, won)
	}
}

// TestBusyFile writes while somebody else holds the write lock.
// A journal that another process is writing to can be opened and read.
func TestOpenWhileAnotherWrites(t *testing.T) {
	path := file(t)
	j := open(t, path)
	if err := j.Write(t.Context(), journal.Put(entry("a"))); err != nil {
		t.Fatal(err)
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	release := holdLock(t, path)
	defer release()
	reader, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	page, err := reader.Query(t.Context(), journal.Query{})
	if err != nil || len(page.Entries) != 1 {
		t.Errorf("got %d entries, %v", len(page.Entries), err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
}

func TestBusyFile(t *testing.T) {
	path := file(t)
	j, other := open(t, path), open(t, path)
	release := holdLock(t, path)
	for _, j := range []journal.Journal{j, other} {
		if err := j.Write(t.Context(), journal.Put(entry("a"))); err != nil {
			t.Errorf("Write waits for nobody, and failed: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := j.Flush(ctx); err == nil {
		t.Error("Flush succeeded while another held the write lock")
	}
	release()
	if err := j.Flush(t.Context()); err != nil {
		t.Errorf("Flush once the lock is free: %v", err)
	}
	if err := other.Flush(t.Context()); err != nil {
		t.Errorf("Flush once the lock is free: %v", err)
	}
}
