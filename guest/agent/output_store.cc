#include "guest/agent/output_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/random.h"

namespace pyro::agent {

void OutputStore::append(std::string_view data) {
  if (data.empty()) return;
  last_ = data.back();
  if (!file_ && total_ + data.size() <= kMemoryBytes) {
    memory_.append(data);
  } else {
    if (!file_) open_file();
    store(total_, data);
  }
  total_ += data.size();
}

void OutputStore::open_file() {
  const std::string name = "output-" + random_hex(8);
  file_.reset(::openat(directory_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  ::unlinkat(directory_, name.c_str(), 0);
  std::string first;
  first.swap(memory_);
  store(0, first);
}

/// The head lies at its own offset, the tail behind it as a ring.
void OutputStore::store(std::uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    const bool head = offset < shape_.head;
    const std::uint64_t in_ring = (offset - shape_.head) % shape_.tail;
    const std::uint64_t position = head ? offset : shape_.head + in_ring;
    const std::uint64_t room = head ? shape_.head - offset : shape_.tail - in_ring;
    const std::string_view part = data.substr(0, room);
    write_at(position, part);
    offset += part.size();
    data.remove_prefix(part.size());
  }
}

void OutputStore::write_at(std::uint64_t position, std::string_view data) {
  while (!data.empty() && kept_ == ~std::uint64_t{0}) {
    const ssize_t n = ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(position));
    if (n < 0 && errno == EINTR) continue;
    // A full disk must not stop the job: what comes now is counted and dropped.
    if (n <= 0) kept_ = std::min(position, shape_.head);
    if (n <= 0) return;
    position += static_cast<std::uint64_t>(n);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string OutputStore::read_at(std::uint64_t position, std::uint64_t bytes) const {
  if (!file_) return memory_.substr(position, bytes);
  std::string out(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n =
        ::pread(file_.get(), out.data() + got, bytes - got, static_cast<off_t>(position + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  return out;
}

OutputStore::Piece OutputStore::read(std::uint64_t offset, std::uint64_t max_bytes) const {
  const std::uint64_t head_end = std::min({total_, shape_.head, kept_});
  const bool tail_lost = kept_ <= shape_.head;
  const std::uint64_t oldest = total_ > shape_.tail ? total_ - shape_.tail : 0;
  const std::uint64_t tail_start = tail_lost ? total_ : std::max(head_end, oldest);
  Piece piece;
  if (offset < head_end) {
    // The head is a piece of its own, so that what a gap behind it swallowed can be told.
    piece.data = read_at(offset, std::min(max_bytes, head_end - offset));
    return piece;
  }
  const std::uint64_t start = std::max(offset, tail_start);
  piece.dropped = start - offset;
  const std::uint64_t in_ring = file_ ? (start - shape_.head) % shape_.tail : 0;
  if (start < total_) {
    const std::uint64_t bytes = std::min({max_bytes, total_ - start, shape_.tail - in_ring});
    piece.data = read_at(file_ ? shape_.head + in_ring : start, bytes);
  }
  return piece;
}

std::string OutputStore::tail(std::uint64_t bytes) const {
  std::string out;
  for (std::uint64_t offset = total_ - std::min(bytes, total_); offset < total_;) {
    const Piece piece = read(offset, total_ - offset);
    if (piece.dropped + piece.data.size() == 0) break;
    offset += piece.dropped + piece.data.size();
    out += piece.data;
  }
  return out;
}

}  // namespace pyro::agent
