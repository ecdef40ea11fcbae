package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// results holds what each benchmark measured, pass by pass.
type results struct {
	names  []string // in the order first seen
	values map[string]map[string][]float64
	cpu    string
}

func newResults() *results {
	return &results{values: map[string]map[string][]float64{}}
}

// processors is the number that package testing adds to a benchmark's name.
var processors = regexp.MustCompile(`-\d+$`)

// add takes in raw benchmark output. The n-th line of a benchmark belongs to the n-th pass.
func (r *results) add(raw string) error {
	for line := range strings.Lines(raw) {
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			r.cpu = strings.TrimSpace(cpu)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(processors.ReplaceAllString(fields[0], ""), "Benchmark")
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("not a line of benchmark results: %s", strings.TrimSpace(line))
			}
			r.put(name, fields[i+1], value)
		}
	}
	return nil
}

func (r *results) put(name, unit string, value float64) {
	units := r.values[name]
	if units == nil {
		units = map[string][]float64{}
		r.values[name] = units
		r.names = append(r.names, name)
	}
	units[unit] = append(units[unit], value)
}

// ratios divides what subject measured by what baseline measured in the same pass.
func (r *results) ratios(subject, baseline, unit string) ([]float64, error) {
	over, under := r.values[subject][unit], r.values[baseline][unit]
	if len(over) == 0 || len(over) != len(under) {
		return nil, fmt.Errorf("%s of %s was measured %d times, and of %s %d times", unit, subject, len(over), baseline, len(under))
	}
	ratios := make([]float64, len(over))
	for i := range over {
		ratios[i] = over[i] / under[i]
	}
	return ratios, nil
}
