#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace pyro {

/// SHA-256 of a file's content in lower-case hex. Throws kCancelled when stopped meanwhile.
std::string sha256_of_file(const std::filesystem::path& path, const std::stop_token& stop);

/// The same for a file that is mostly zeros: over the positions and the content of its 4 KiB pages
/// that are not. Holes are not read, and whether zeros are one or were written makes no difference.
/// It is not the file's plain SHA-256.
std::string sha256_of_sparse_file(const std::filesystem::path& path, const std::stop_token& stop);

std::string sha256_of_text(std::string_view text);

/// 64 lower-case hex digits: what a directory of the store is called.
bool is_sha256(std::string_view text);

}  // namespace pyro
