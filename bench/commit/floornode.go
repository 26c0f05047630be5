package commit

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// serveFloor is the node's side.
func serveFloor(ctx context.Context, s *nodeSpec, say func(addr string)) error {
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer n.Close()
	file, err := reservedFile(filepath.Join(s.Dir, fmt.Sprintf("floor-%d", s.Node)))
	if err != nil {
		return err
	}
	defer file.Close()
	say(n.Addr().String())
	stop := context.AfterFunc(ctx, func() { n.Close() })
	defer stop()
	conn, err := n.Accept()
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return (&floorNode{conn: conn, file: file, durable: s.Durable, synced: make(chan int, windowMax)}).serve(s.Bytes)
}

// floorFile is how much of a file is written before writing begins again at its start.
const floorFile = 16 << 20

// reservedFile makes a file that does not grow while it is written.
func reservedFile(path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 1<<20)
	for at := int64(0); at < floorFile; at += int64(len(block)) {
		if _, err := f.WriteAt(block, at); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, f.Sync()
}

type floorNode struct {
	conn    net.Conn
	file    *os.File
	at      int64
	durable bool
	synced  chan int
}

// serve answers until the coordinator's side hangs up, which is how it ends.
func (f *floorNode) serve(bytes int) error {
	var syncing sync.WaitGroup
	syncing.Go(f.sync)
	defer syncing.Wait() // the file is closed afterwards
	defer close(f.synced)
	r := bufio.NewReaderSize(f.conn, 16<<10)
	head, body, answer := make([]byte, floorHead), make([]byte, bytes), make([]byte, floorAnswer)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return nil
		}
		rest := body[:binary.LittleEndian.Uint32(head)-1]
		if _, err := io.ReadFull(r, rest); err != nil {
			return nil
		}
		switch head[4] {
		case floorSync:
			f.synced <- 1
			continue
		case floorWrite:
			if f.at+int64(len(rest)) > floorFile {
				f.at = 0
			}
			if _, err := f.file.WriteAt(rest, f.at); err != nil {
				return err
			}
			f.at += int64(len(rest))
		case floorRest:
			if err := fdatasync(f.file); err != nil {
				return err
			}
		}
		answer[0] = head[4]
		if _, err := f.conn.Write(answer); err != nil {
			return nil
		}
	}
}

// sync answers what wants everything durable, as many at once as have come.
func (f *floorNode) sync() {
	answers := make([]byte, floorAnswer*windowMax)
	for i := 0; i < len(answers); i += floorAnswer {
		answers[i] = floorSync
	}
	for n := range f.synced {
		for len(f.synced) > 0 && n < windowMax {
			n += <-f.synced
		}
		if f.durable && fdatasync(f.file) != nil {
			f.conn.Close() // the coordinator's side says that it broke
			return
		}
		if _, err := f.conn.Write(answers[:n*floorAnswer]); err != nil {
			return
		}
	}
}
