#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pyro::image {

/// The most that a decompressed kernel may take: a broken image must not fill the memory.
inline constexpr std::uint64_t kMaxVmlinuxBytes = 512ULL << 20U;

/// The uncompressed kernel inside a bzImage (gzip, xz, zstd, lz4, lzma, bzip2), checked as
/// require_bootable_elf does. kInvalidArgument says what is wrong with a broken image.
std::string extract_vmlinux(std::string_view bzimage);

/// Refuses what is no 64-bit x86 ELF executable whose segments lie within it and that has the
/// note of a PVH entry point, by which QEMU and Firecracker start it.
void require_bootable_elf(std::string_view elf);

}  // namespace pyro::image
