package sim

import (
	"embed"
	"path"

	"github.com/tezi-exchange/tezi/internal/check"
)

// The museum holds schedules that found something once, and schedules written by hand for what chance
// hardly ever meets.
//
//go:embed museum/*.txt
var museum embed.FS

// Exhibit is a schedule of the museum.
type Exhibit struct {
	Name string
	*Script
}

// Museum reads the museum, in the order of the names.
func Museum() ([]Exhibit, error) {
	files, err := museum.ReadDir("museum")
	if err != nil {
		return nil, err
	}
	var list []Exhibit
	for _, f := range files {
		text, err := museum.ReadFile(path.Join("museum", f.Name()))
		if err != nil {
			return nil, err
		}
		script, err := ParseScript(string(text))
		if err != nil {
			return nil, err
		}
		list = append(list, Exhibit{f.Name(), script})
	}
	return list, nil
}

// Play carries out the schedules of the museum until one breaks an invariant, and returns how many
// it took.
func (r *Runner) playMuseum() (n int, broken *check.Violation, by *Exhibit, err error) {
	list, err := Museum()
	for i := range list {
		if v, _ := r.Replay(list[i].Setup, list[i].Actions, nil); v != nil {
			return i + 1, v, &list[i], nil
		}
	}
	return len(list), nil, nil, err
}
