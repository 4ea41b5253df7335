package main

import "sync"

// wakeup wakes all who wait for it.
type wakeup struct {
	mutex sync.Mutex
	next  chan struct{}
}

func newWakeup() *wakeup { return &wakeup{next: make(chan struct{})} }

// wait is closed when it is raised the next time.
func (s *wakeup) wait() <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.next
}

func (s *wakeup) raise() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	close(s.next)
	s.next = make(chan struct{})
}
