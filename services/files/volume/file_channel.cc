#include "services/files/volume/file_channel.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pyro::volume {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kCachedPages = 4096;
constexpr std::size_t kPagesPerWrite = 256;
constexpr std::array<char, 4> kJournalMagic = {'\xc0', '\x3b', '\x39', '\x98'};

struct Page {
  std::array<char, kPageBytes> bytes{};
  bool dirty = false;
};

/// Metadata is touched a few bytes at a time and scattered: it is kept by pages and written in
/// the order of the file.
class FileChannel {
 public:
  explicit FileChannel(int fd) : fd_(fd) {
    channel_.magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel_.manager = file_channels();
    channel_.name = name_.data();
    channel_.block_size = 1024;
    channel_.refcount = 1;
    channel_.private_data = this;
  }

  io_channel channel() { return &channel_; }
  static FileChannel& of(io_channel channel) {
    return *static_cast<FileChannel*>(channel->private_data);
  }

  errcode_t read(std::uint64_t offset, std::size_t size, char* out) {
    return visit(offset, size, [&out](Page& page, std::size_t at, std::size_t piece) {
      std::memcpy(out, page.bytes.data() + at, piece);
      out += piece;
    });
  }

  errcode_t write(std::uint64_t offset, std::size_t size, const char* in) {
    return visit(offset, size, [&in](Page& page, std::size_t at, std::size_t piece) {
      std::memcpy(page.bytes.data() + at, in, piece);
      page.dirty = true;
      in += piece;
    });
  }

  errcode_t flush();

  void show(ReplayedBlocks blocks) {
    replayed_ = std::move(blocks);
    pages_.clear();
  }

 private:
  template <class Action>
  errcode_t visit(std::uint64_t offset, std::size_t size, Action&& action) {
    while (size > 0) {
      const std::size_t at = offset % kPageBytes;
      const std::size_t piece = std::min(size, kPageBytes - at);
      Page* page = nullptr;
      if (const errcode_t failed = load(offset / kPageBytes, page)) return failed;
      action(*page, at, piece);
      offset += piece;
      size -= piece;
    }
    return 0;
  }

  errcode_t load(std::uint64_t number, Page*& page);
  errcode_t write_out(std::uint64_t number, const std::string& bytes) const;

  int fd_;
  std::string name_ = "volume";
  struct_io_channel channel_{};
  std::unordered_map<std::uint64_t, Page> pages_;
  ReplayedBlocks replayed_;
};

errcode_t FileChannel::load(std::uint64_t number, Page*& page) {
  if (const auto found = pages_.find(number); found != pages_.end()) {
    page = &found->second;
    return 0;
  }
  if (pages_.size() >= kCachedPages) {
    if (const errcode_t failed = flush()) return failed;
    pages_.clear();
  }
  const auto replayed = replayed_.find(number);
  const std::uint64_t place = replayed == replayed_.end() ? number : replayed->second.block;
  Page loaded;
  ssize_t n = 0;
  do {
    n = ::pread(fd_, loaded.bytes.data(), kPageBytes, static_cast<off_t>(place * kPageBytes));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno;
  if (n == 0) return EXT2_ET_SHORT_READ;
  if (replayed != replayed_.end() && replayed->second.escaped) {
    std::memcpy(loaded.bytes.data(), kJournalMagic.data(), kJournalMagic.size());
  }
  page = &pages_.emplace(number, loaded).first->second;
  return 0;
}

errcode_t FileChannel::write_out(std::uint64_t number, const std::string& bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done,
                               static_cast<off_t>(number * kPageBytes + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    done += static_cast<std::size_t>(n);
  }
  return 0;
}

errcode_t FileChannel::flush() {
  std::vector<std::uint64_t> dirty;
  for (const auto& [number, page] : pages_) {
    if (page.dirty) dirty.push_back(number);
  }
  std::ranges::sort(dirty);
  for (std::size_t i = 0; i < dirty.size();) {
    const std::uint64_t first = dirty[i];
    std::string run;
    for (std::size_t pages = 0;
         i < dirty.size() && dirty[i] == first + pages && pages < kPagesPerWrite; ++pages, ++i) {
      run.append(pages_[dirty[i]].bytes.data(), kPageBytes);
    }
    if (const errcode_t failed = write_out(first, run)) return failed;
  }
  for (const std::uint64_t number : dirty) pages_[number].dirty = false;
  return 0;
}

/// Called by the library: no exception may pass through it.
template <class Action>
errcode_t unthrown(Action&& action) noexcept {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return EXT2_ET_NO_MEMORY;
  }
}

errcode_t open_channel(const char* name, int, io_channel* channel) noexcept {
  return unthrown([&]() -> errcode_t {
    *channel = std::make_unique<FileChannel>(std::atoi(name)).release()->channel();
    return 0;
  });
}

errcode_t close_channel(io_channel channel) noexcept {
  if (--channel->refcount == 0) delete &FileChannel::of(channel);
  return 0;
}

errcode_t set_block_size(io_channel channel, int size) noexcept {
  channel->block_size = size;
  return 0;
}

/// A count below 0 is one of bytes.
std::size_t size_of(io_channel channel, int count) {
  return count < 0
             ? static_cast<std::size_t>(-count)
             : static_cast<std::size_t>(count) * static_cast<std::size_t>(channel->block_size);
}

errcode_t read_blocks(io_channel channel, unsigned long long block, int count,
                      void* data) noexcept {
  return unthrown([=] {
    return FileChannel::of(channel).read(block * static_cast<unsigned>(channel->block_size),
                                         size_of(channel, count), static_cast<char*>(data));
  });
}

errcode_t write_blocks(io_channel channel, unsigned long long block, int count,
                       const void* data) noexcept {
  return unthrown([=] {
    return FileChannel::of(channel).write(block * static_cast<unsigned>(channel->block_size),
                                          size_of(channel, count), static_cast<const char*>(data));
  });
}

errcode_t read_blocks_short(io_channel channel, unsigned long block, int count,
                            void* data) noexcept {
  return read_blocks(channel, block, count, data);
}

errcode_t write_blocks_short(io_channel channel, unsigned long block, int count,
                             const void* data) noexcept {
  return write_blocks(channel, block, count, data);
}

errcode_t write_bytes(io_channel channel, unsigned long offset, int count,
                      const void* data) noexcept {
  return unthrown([=] {
    return FileChannel::of(channel).write(offset, static_cast<std::size_t>(count),
                                          static_cast<const char*>(data));
  });
}

errcode_t flush_channel(io_channel channel) noexcept {
  return unthrown([=] { return FileChannel::of(channel).flush(); });
}

}  // namespace

void show_replayed(io_channel channel, ReplayedBlocks blocks) {
  FileChannel::of(channel).show(std::move(blocks));
}

io_manager file_channels() {
  static struct_io_manager manager{.magic = EXT2_ET_MAGIC_IO_MANAGER,
                                   .name = "pyro volume",
                                   .open = open_channel,
                                   .close = close_channel,
                                   .set_blksize = set_block_size,
                                   .read_blk = read_blocks_short,
                                   .write_blk = write_blocks_short,
                                   .flush = flush_channel,
                                   .write_byte = write_bytes,
                                   .read_blk64 = read_blocks,
                                   .write_blk64 = write_blocks};
  return &manager;
}

}  // namespace pyro::volume
