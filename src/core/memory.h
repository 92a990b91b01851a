// How the process holds its memory. Call once, before anything large is allocated.
#pragma once

namespace llmbox {

/// Keeps freed large blocks for the next use. glibc maps every large block anew and gives it back at once, so that each
/// large activation is page-faulted again: measured 15 times slower on norms over 38 MB.
void keep_large_blocks();

}  // namespace llmbox
