#pragma once

#include <fcntl.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/files.h"
#include "services/files/archive.h"

namespace pyro::files {

/// A member of a tar archive, made by hand so that it may be wrong.
struct TarMember {
  std::string name;
  char type = '0';
  std::string content{};
  std::string link{};
  unsigned mode = 0644;
  std::int64_t mtime = 1'700'000'000;
};

inline std::string octal(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value /= 8) text[i] = static_cast<char>('0' + value % 8);
  return text;
}

/// Its blocks in the ustar format.
inline std::string tar_bytes(const TarMember& member) {
  std::string header(512, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, member.name.substr(0, 100));
  put(100, octal(member.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(member.content.size(), 11));
  put(136, octal(static_cast<std::uint64_t>(member.mtime), 11));
  put(148, "        ");
  header[156] = member.type;
  put(157, member.link.substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  put(148, octal(sum, 6) + '\0' + ' ');
  std::string padded = member.content;
  padded.resize((padded.size() + 511) / 512 * 512);
  return header + padded;
}

inline TarMember long_name(const std::string& name) {
  return {.name = "././@LongLink", .type = 'L', .content = name + '\0'};
}

inline tree::Totals read_archive(const std::filesystem::path& path,
                                 const std::function<void()>& check, tree::Sink& sink,
                                 std::uint64_t limit_bytes = ~std::uint64_t{0}) {
  const UniqueFd file = open_file(path, O_RDONLY | O_NONBLOCK);
  return read_archive(file.get(), path, check, sink, limit_bytes);
}

}  // namespace pyro::files
