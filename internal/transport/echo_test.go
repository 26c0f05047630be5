package transport

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// echoCommand makes this program answer frames over a listening link until it is killed.
const echoCommand = "shared-echo"

func echoMain() {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	var n *Listener
	var err error
	for end := time.Now().Add(patience); ; runtime.Gosched() { // somebody else may have the port of the one that was killed for a moment
		n, err = Listen(os.Args[2], ListenOptions{Hello: risk, Header: header, Want: engine, OutCap: ringCap, InCap: ringCap, Bell: bell})
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(n.Addr())
	for {
		event, frame := n.Link().Next()
		switch event {
		case EventNone:
			bell.Wait(func() bool { event, _ := n.Link().Next(); return event != EventNone })
			continue
		case EventFrame:
			if b := n.Link().Claim(len(frame)); b != nil {
				copy(b, frame)
				n.Link().Publish(len(frame))
			}
		}
		n.Link().Release()
	}
}
