#include "services/image/vmlinux.h"

#include <archive.h>
#include <elf.h>

#include <cstring>
#include <memory>
#include <vector>

#include "common/base/error.h"

namespace pyro::image {
namespace {

/// Offsets in the setup header, Documentation/arch/x86/boot.rst of the kernel.
constexpr std::size_t kSetupSectors = 0x1F1;
constexpr std::size_t kMagic = 0x202;
constexpr std::size_t kPayloadOffset = 0x248;
constexpr std::size_t kPayloadLength = 0x24C;
constexpr std::size_t kHeaderEnd = 0x250;
constexpr std::uint32_t kXenElfnotePhys32Entry = 18;

/// Copied out, since nothing in a file is aligned.
template <class T>
T at(std::string_view data, std::uint64_t offset) {
  if (offset > data.size() || sizeof(T) > data.size() - offset) {
    throw invalid_argument("the kernel image is cut short");
  }
  T value;
  std::memcpy(&value, data.data() + offset, sizeof value);
  return value;
}

std::string_view slice(std::string_view data, std::uint64_t offset, std::uint64_t length,
                       std::string_view what) {
  if (offset > data.size() || length > data.size() - offset) {
    throw invalid_argument("{} lies outside the kernel image", what);
  }
  return data.substr(offset, length);
}

std::string_view payload_of(std::string_view bzimage) {
  if (bzimage.size() < kHeaderEnd || bzimage.substr(kMagic, 4) != "HdrS") {
    throw invalid_argument("this is no x86 kernel image (bzImage)");
  }
  // Zero stands for four, as in the oldest loaders.
  const auto sectors = at<std::uint8_t>(bzimage, kSetupSectors);
  const std::uint64_t setup_bytes = ((sectors == 0 ? 4U : sectors) + 1ULL) * 512;
  return slice(bzimage, setup_bytes + at<std::uint32_t>(bzimage, kPayloadOffset),
               at<std::uint32_t>(bzimage, kPayloadLength), "the compressed kernel");
}

std::string decompress(std::string_view payload) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                      archive_read_free);
  const auto check = [&reader](la_ssize_t result) {
    if (result >= ARCHIVE_WARN) return result;
    const char* why = archive_error_string(reader.get());
    throw invalid_argument("the kernel does not decompress: {}",
                           why == nullptr ? "unknown format" : why);
  };
  for (const auto support : {archive_read_support_filter_lz4, archive_read_support_filter_xz,
                             archive_read_support_filter_zstd, archive_read_support_filter_gzip,
                             archive_read_support_filter_lzma, archive_read_support_filter_bzip2,
                             archive_read_support_format_raw}) {
    check(support(reader.get()));
  }
  check(archive_read_open_memory(reader.get(), payload.data(), payload.size()));
  archive_entry* entry = nullptr;
  check(archive_read_next_header(reader.get(), &entry));
  std::string out;
  std::vector<char> buffer(1U << 20U);
  while (true) {
    const auto n = check(archive_read_data(reader.get(), buffer.data(), buffer.size()));
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
    if (out.size() > kMaxVmlinuxBytes) {
      throw invalid_argument("the decompressed kernel is larger than {} bytes", kMaxVmlinuxBytes);
    }
  }
}

bool has_pvh_note(std::string_view notes) {
  const auto aligned = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  for (std::uint64_t offset = 0; offset + sizeof(Elf64_Nhdr) <= notes.size();) {
    const auto note = at<Elf64_Nhdr>(notes, offset);
    const std::uint64_t name = offset + sizeof note;
    if (note.n_type == kXenElfnotePhys32Entry && note.n_namesz == 4 &&
        notes.substr(name, 4) == std::string_view("Xen\0", 4)) {
      return true;
    }
    offset = name + aligned(note.n_namesz) + aligned(note.n_descsz);
  }
  return false;
}

}  // namespace

void require_bootable_elf(std::string_view elf) {
  if (!elf.starts_with(ELFMAG)) throw invalid_argument("the kernel is no ELF file");
  const auto header = at<Elf64_Ehdr>(elf, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64 || header.e_type != ET_EXEC) {
    throw invalid_argument("the kernel is no 64-bit x86 executable");
  }
  bool pvh = false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    if (header.e_phoff > elf.size()) throw invalid_argument("the kernel image is cut short");
    const auto segment = at<Elf64_Phdr>(elf, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
    const auto content = slice(elf, segment.p_offset, segment.p_filesz, "a segment");
    pvh = pvh || (segment.p_type == PT_NOTE && has_pvh_note(content));
  }
  if (!pvh) throw invalid_argument("the kernel has no PVH entry point");
}

std::string extract_vmlinux(std::string_view bzimage) {
  std::string_view payload = payload_of(bzimage);
  std::string out;
  if (payload.starts_with(ELFMAG)) {
    out = payload;
  } else {
    // Behind all but gzip's stream the kernel's build appends the size of what comes out; LZ4's
    // legacy format has no end mark, so it would be read as one more block.
    const bool gzip = payload.starts_with("\x1f\x8b");
    if (payload.size() < 8) throw invalid_argument("the compressed kernel is cut short");
    const auto size = at<std::uint32_t>(payload, payload.size() - 4);
    if (!gzip) payload.remove_suffix(4);
    out = decompress(payload);
    if (out.size() != size) {
      throw invalid_argument("the kernel decompresses to {} bytes, not to {}", out.size(), size);
    }
  }
  require_bootable_elf(out);
  return out;
}

}  // namespace pyro::image
