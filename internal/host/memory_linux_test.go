package host

import (
	"testing"
	"testing/fstest"
)

func TestHugePageMode(t *testing.T) {
	for text, want := range map[string]string{"always [madvise] never\n": "madvise", "[always] madvise never": "always", "": "", "odd": ""} {
		root := fstest.MapFS{"sys/kernel/mm/transparent_hugepage/enabled": {Data: []byte(text)}}
		if got := hugePageMode(root); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := hugePageMode(fstest.MapFS{}); got != "" {
		t.Errorf("no file: %q", got)
	}
}

func TestMayLock(t *testing.T) {
	for text, want := range map[string]bool{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": true, "CapEff:\t0000000000004000\n": true,
		"CapEff:\t0000000000000000\n": false, "CapEff:\t00000000a80425fb\n": false, "": false,
	} {
		root := fstest.MapFS{"proc/self/status": {Data: []byte(text)}}
		if got := mayLock(root); got != want {
			t.Errorf("%q: %v", text, got)
		}
		for ids, first := range map[string]bool{"         0          0 4294967295\n": true, "         0       1000          1\n": false} {
			root["proc/self/uid_map"] = &fstest.MapFile{Data: []byte(ids)}
			if got := mayLock(root); got != (want && first) {
				t.Errorf("%q with users %q: %v", text, ids, got)
			}
		}
	}
}
