#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace pyro {

/// SHA-256 of a file's content in lower-case hex. Throws kCancelled on a stop.
std::string sha256_of_file(const std::filesystem::path& path, const std::stop_token& stop);

/// The same for a file that is mostly zeros: hashes the positions and content of its other 4 KiB
/// pages. Skips holes; a hole equals written zeros. It is not the file's plain SHA-256.
std::string sha256_of_sparse_file(const std::filesystem::path& path, const std::stop_token& stop);

std::string sha256_of_text(std::string_view text);

/// 64 lower-case hex digits: the name of a directory in the store.
bool is_sha256(std::string_view text);

}  // namespace pyro
