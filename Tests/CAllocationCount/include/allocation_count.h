// How many times this thread has asked the heap for memory.
#pragma once

unsigned long long allocation_count(void);
