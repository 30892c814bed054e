#include "services/image/vmlinux.h"

#include <elf.h>

#include <cstring>

#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

template <class T>
void put(std::string& data, std::size_t offset, const T& value) {
  if (data.size() < offset + sizeof value) data.resize(offset + sizeof value);
  std::memcpy(data.data() + offset, &value, sizeof value);
}

/// The smallest kernel that passes: a header, one note segment with the PVH entry.
std::string small_elf() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = sizeof(Elf64_Nhdr) + 8;
  std::string elf;
  put(elf, 0, header);
  put(elf, sizeof header, segment);
  put(elf, segment.p_offset, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 4, .n_type = 18});
  elf += std::string("Xen\0\0\0\1\0", 8);
  return elf;
}

/// LZ4's legacy frame around one block of literals, and the size that the kernel's build appends.
std::string lz4_legacy(const std::string& data) {
  std::string block = "\xF0";
  std::size_t left = data.size() - 15;
  for (; left >= 255; left -= 255) block += '\xFF';
  block += static_cast<char>(left);
  block += data;
  std::string out("\x02\x21\x4c\x18", 4);
  put(out, 4, static_cast<std::uint32_t>(block.size()));
  out += block;
  put(out, out.size(), static_cast<std::uint32_t>(data.size()));
  return out;
}

std::string bzimage(const std::string& payload) {
  std::string image(1024, '\0');
  image[0x1F1] = 1;
  image.replace(0x202, 4, "HdrS");
  put(image, 0x248, std::uint32_t{0});
  put(image, 0x24C, static_cast<std::uint32_t>(payload.size()));
  return image + payload;
}

std::optional<Error> refusal(const std::string& image) {
  return error_of([&] { extract_vmlinux(image); });
}

auto Invalid(const ::testing::Matcher<const std::string&>& message) {
  return Refused(ErrorCode::kInvalidArgument, message);
}

TEST(Vmlinux, comes_out_of_an_lz4_legacy_image_as_it_went_in) {
  EXPECT_EQ(extract_vmlinux(bzimage(lz4_legacy(small_elf()))), small_elf());
}

TEST(Vmlinux, may_lie_in_the_image_uncompressed) {
  EXPECT_EQ(extract_vmlinux(bzimage(small_elf())), small_elf());
}

TEST(Vmlinux, is_refused_from_any_truncated_image) {
  const std::string whole = bzimage(lz4_legacy(small_elf()));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(refusal(whole.substr(0, size)), Refused(ErrorCode::kInvalidArgument)) << size;
  }
}

TEST(Vmlinux, is_refused_when_its_offsets_are_absurd) {
  for (const std::uint32_t offset : {0xFFFFFFFFU, 0x80000000U, 4096U}) {
    std::string image = bzimage(small_elf());
    put(image, 0x248, offset);
    EXPECT_THAT(refusal(image), Invalid(HasSubstr("outside the kernel image")));
  }
  std::string image = bzimage(small_elf());
  put(image, 0x24C, std::uint32_t{0xFFFFFFFF});
  EXPECT_THAT(refusal(image), Invalid(HasSubstr("outside the kernel image")));
  put(image, 0x24C, std::uint32_t{0});
  EXPECT_THAT(refusal(image), Invalid(HasSubstr("cut short")));
}

TEST(Vmlinux, is_refused_when_what_comes_out_has_another_size) {
  std::string payload = lz4_legacy(small_elf());
  put(payload, payload.size() - 4, std::uint32_t{1});
  EXPECT_THAT(refusal(bzimage(payload)), Invalid(HasSubstr("decompresses to")));
}

TEST(Vmlinux, survives_every_flipped_byte_of_its_image) {
  const std::string whole = bzimage(lz4_legacy(small_elf()));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 0xFF);
    try {
      extract_vmlinux(broken);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    }
  }
}

TEST(Vmlinux, must_be_a_64_bit_x86_executable_with_a_pvh_entry) {
  std::string elf = small_elf();
  put(elf, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_AARCH64});
  EXPECT_THAT(error_of([&] { require_bootable_elf(elf); }),
              Invalid(HasSubstr("no 64-bit x86 executable")));
  elf = small_elf();
  put(elf, elf.size() - 12, std::uint32_t{17});
  EXPECT_THAT(error_of([&] { require_bootable_elf(elf); }), Invalid(HasSubstr("no PVH entry")));
  elf = small_elf();
  put(elf, offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0});
  EXPECT_THAT(error_of([&] { require_bootable_elf(elf); }), Invalid(HasSubstr("cut short")));
  EXPECT_THAT(refusal("MZ"), Invalid(HasSubstr("no x86 kernel image")));
}

}  // namespace
}  // namespace pyro::image
