// Command table turns the raw output of benchmarks into the tables of a page:
//
//	table RAW_FOLDER [PAGE]
//
// Every file RAW_FOLDER/*.txt holds the output of one benchmark program, run several times. What was measured in the
// same pass is compared with each other. The tables take the place of what stands between the page's two markers.
// When a promised figure was not measured, the page stays as it is and the exit code is 1. One that misses its target is
// only marked in the table. Without a page the tables are printed, of what there is.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("table: ")
	if len(os.Args) != 2 && len(os.Args) != 3 {
		log.Fatal("usage: table RAW_FOLDER [PAGE]")
	}
	if err := run(os.Args[1], os.Args[2:]...); err != nil {
		log.Fatal(err)
	}
}

func run(folder string, page ...string) error {
	results, err := readFolder(folder)
	if err != nil {
		return err
	}
	tables, err := render(results, figures, len(page) > 0)
	switch {
	case err != nil:
		return err
	case len(page) > 0:
		return replaceTables(page[0], tables)
	}
	_, err = fmt.Print(tables)
	return err
}

func readFolder(folder string) (*results, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no raw output (*.txt) in %s", folder)
	}
	all := newResults()
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := all.add(string(raw)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}
