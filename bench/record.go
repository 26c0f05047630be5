package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/internal/host"
)

// Record is what one command has measured, with everything that is needed to measure it again. Its JSON keys
// are part of the project's interface (I4).
type Record struct {
	Name    string    `json:"name"`              // of the benchmark: "commit", "engine"; names the files
	Title   string    `json:"title"`             // for people
	Command string    `json:"command"`           // that measures this again
	Build   string    `json:"build,omitempty"`   // what was measured: version and commit
	Profile string    `json:"profile,omitempty"` // of the threads, as it was got: "pinned" or "shared"
	Refused []string  `json:"refused,omitempty"` // what was asked for and not got, why, and what was used instead
	Machine Machine   `json:"machine"`
	Results []*Result `json:"results"` // the worst first
}

// NewRecord begins a record of measurements on this machine by the given command.
func NewRecord(name, title, command string) *Record {
	return &Record{Name: name, Title: title, Command: command, Machine: MachineOf(host.Detect())}
}

// Add begins a result. Of the parameters, all results of the same name should have the same ones.
func (r *Record) Add(name string, params ...Pair[string]) *Result {
	res := &Result{Name: name, Params: params}
	r.Results = append(r.Results, res)
	return res
}

// Refuse adds what was asked for and not had, each line once.
func (r *Record) Refuse(lines ...string) {
	for _, line := range lines {
		if !slices.Contains(r.Refused, line) {
			r.Refused = append(r.Refused, line)
		}
	}
}

// ReadRecord reads what WriteJSON has written.
func ReadRecord(from io.Reader) (*Record, error) {
	r := new(Record)
	if err := json.NewDecoder(from).Decode(r); err != nil {
		return nil, fmt.Errorf("bench: record: %w", err)
	}
	return r, nil
}

// WriteJSON writes the record as one indented JSON object and a newline.
func (r *Record) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Fixed returns the parameters that are the same in all results, and Varied the keys of the others: a table
// or a picture tells the first once and the second in each line.
func (r *Record) Fixed() (fixed []Pair[string]) {
	if len(r.Results) == 0 {
		return nil
	}
	for _, p := range r.Results[0].Params {
		if r.isFixed(p) {
			fixed = append(fixed, p)
		}
	}
	return fixed
}

// Varied returns the keys of the parameters that differ between results, in their order.
func (r *Record) Varied() (keys []string) {
	seen := map[string]bool{}
	for _, res := range r.Results {
		for _, p := range res.Params {
			if !seen[p.Key] && !r.isFixed(p) {
				keys = append(keys, p.Key)
			}
			seen[p.Key] = true
		}
	}
	return keys
}

func (r *Record) isFixed(p Pair[string]) bool {
	return all(r.Results, func(res *Result) bool {
		v, ok := find(res.Params, p.Key)
		return ok && v == p.Value
	})
}

// Label names a result by what distinguishes it from the others of the record.
func (r *Record) Label(res *Result) string {
	var words []string
	for _, key := range r.Varied() {
		if v, ok := find(res.Params, key); ok {
			words = append(words, Pair[string]{key, v}.String())
		}
	}
	sameName := func(other *Result) bool { return other.Name == res.Name }
	if len(words) == 0 || !all(r.Results, sameName) {
		words = append([]string{res.Name}, words...)
	}
	return strings.Join(words, " ")
}

// OutOfRange tells which samples were recorded at the limit (I1), a line for each distribution that has some.
func (r *Record) OutOfRange() (lines []string) {
	for _, res := range r.Results {
		for _, d := range res.Latencies {
			if n := d.Us.OutOfRange; n > 0 {
				lines = append(lines, fmt.Sprintf("%s: %s", r.Label(res), outOfRange(n, words(d.Name))))
			}
		}
	}
	return lines
}

func all[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !is(x) })
}
