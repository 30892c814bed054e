#include <gmock/gmock.h>
#include <locale.h>

#include <algorithm>

#include "common/process/child_process.h"
#include "services/files/archive.h"
#include "tests/support/errors.h"
#include "tests/unit/files/tar_bytes.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using tree::Keeper;

/// UTF-8, UTF-8 with an accent of its own, not UTF-8 at all.
constexpr std::string_view kNames[] = {"gr\xc3\xbc\xc3\x9f", "cafe\xcc\x81", "\xff\xfe raw",
                                       "new\nline"};

void run(const std::vector<std::string>& argv, const std::filesystem::path& directory) {
  run_checked({.argv = argv, .environment = {{"LC_ALL", "C.UTF-8"}}, .directory = directory},
              Clock::now() + std::chrono::seconds(30), {});
}

void python(const std::string& script, const std::filesystem::path& directory) {
  run({"python3", "-c", "import io, tarfile\n" + script}, directory);
}

Keeper kept_of_archive(const std::filesystem::path& archive) {
  Keeper keeper;
  read_archive(
      archive, [] {}, keeper);
  return keeper;
}

/// A tree with names of all sorts, also as targets of links and longer than a tar header takes.
void make_tree(const std::filesystem::path& top) {
  std::filesystem::create_directories(top);
  const std::string deep(120, 'd');
  for (const std::string_view name : kNames) {
    tree::put(top / name / name, name);
    tree::put(top / deep / deep / (std::string(90, 'f') + std::string(name)), "deep");
    std::filesystem::create_symlink(name, top / name / "link");
  }
  tree::put(top / "plain", std::string(100'000, 'p'));
  std::filesystem::create_directory(top / "empty");
}

/// As the tree is on disk, but for the top's own entry and times below a second.
std::vector<tree::Kept> comparable(std::vector<tree::Kept> kept) {
  kept.erase(kept.begin());
  for (tree::Kept& one : kept) one.entry.mtime_ns -= one.entry.mtime_ns % 1'000'000'000;
  std::sort(kept.begin(), kept.end(), [](const tree::Kept& one, const tree::Kept& other) {
    return one.entry.path < other.entry.path;
  });
  return kept;
}

class Formats : public ::testing::TestWithParam<const char*> {
 protected:
  void expect_whole(const std::filesystem::path& archive) {
    EXPECT_EQ(comparable(kept_of_archive(archive).kept),
              comparable(tree::kept_of(directory_ / "top")));
  }
  TestDirectory directory_;
};

class PythonFormats : public Formats {};
class TarFormats : public Formats {};

TEST_P(PythonFormats, of_pythons_archives_every_byte_arrives) {
  make_tree(directory_ / "top");
  python("with tarfile.open('a.tar.gz', 'w:gz', format=tarfile." + std::string(GetParam()) +
             ") as archive: archive.add('top', '.')",
         directory_.path());
  expect_whole(directory_ / "a.tar.gz");
}
INSTANTIATE_TEST_SUITE_P(All, PythonFormats, ::testing::Values("PAX_FORMAT", "GNU_FORMAT"));

TEST_P(TarFormats, of_tars_archives_every_byte_arrives) {
  make_tree(directory_ / "top");
  run({"tar", "--format", GetParam(), "-C", "top", "-czf", "a.tgz", "."}, directory_.path());
  expect_whole(directory_ / "a.tgz");
}
INSTANTIATE_TEST_SUITE_P(All, TarFormats, ::testing::Values("pax", "gnu"));

TEST(ArchiveFormats, a_ustar_archive_has_names_as_bytes) {
  const TestDirectory directory;
  python(
      "archive = tarfile.open('a.tar', 'w', format=tarfile.USTAR_FORMAT)\n"
      "for name in b'gr\\xc3\\xbc\\xc3\\x9f', b'cafe\\xcc\\x81', b'\\xff\\xfe raw':\n"
      "  archive.addfile(tarfile.TarInfo(name.decode(errors='surrogateescape')))\n"
      "archive.close()",
      directory.path());
  EXPECT_THAT(kept_of_archive(directory / "a.tar").paths(),
              ElementsAre("", kNames[0], kNames[1], kNames[2]));
}

TEST(ArchiveFormats, names_do_not_depend_on_the_callers_locale) {
  const TestDirectory directory;
  make_tree(directory / "top");
  run({"tar", "--format", "pax", "-C", "top", "-cf", "a.tar", "."}, directory.path());
  const Keeper in_c = kept_of_archive(directory / "a.tar");
  const locale_t utf8 = ::newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
  ASSERT_NE(utf8, nullptr);
  const locale_t before = ::uselocale(utf8);
  const Keeper in_utf8 = kept_of_archive(directory / "a.tar");
  EXPECT_EQ(::uselocale(before), utf8);
  ::freelocale(utf8);
  EXPECT_EQ(in_utf8.kept, in_c.kept);
  EXPECT_EQ(comparable(in_utf8.kept), comparable(tree::kept_of(directory / "top")));
}

TEST(ArchiveFormats, times_below_a_second_and_before_the_epoch_arrive) {
  const TestDirectory directory;
  python(
      "archive = tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT)\n"
      "for name, time in ('a', '1700000000.123456789'), ('b', '-5'), ('c', '9' * 18):\n"
      "  member = tarfile.TarInfo(name)\n"
      "  member.pax_headers = {'mtime': time}\n"
      "  archive.addfile(member)\n"
      "archive.close()",
      directory.path());
  const Keeper keeper = kept_of_archive(directory / "a.tar");
  EXPECT_EQ(keeper.kept.at(1).entry.mtime_ns, 1'700'000'000'123'456'789);
  EXPECT_EQ(keeper.kept.at(2).entry.mtime_ns, -5'000'000'000);
  EXPECT_GT(keeper.kept.at(3).entry.mtime_ns, 1'000'000'000'000'000'000);
}

TEST(ArchiveFormats, holes_are_zeros) {
  const TestDirectory directory;
  for (const char* format : {"gnu", "pax"}) {
    tree::put(directory / "sparse", "begin");
    std::filesystem::resize_file(directory / "sparse", 1'000'000);
    std::ofstream(directory / "sparse", std::ios::app) << "middle";
    std::filesystem::resize_file(directory / "sparse", 2'000'000);
    run({"tar", "--format", format, "-S", "-cf", "a.tar", "sparse"}, directory.path());
    ASSERT_LT(std::filesystem::file_size(directory / "a.tar"), 100'000U);
    EXPECT_EQ(kept_of_archive(directory / "a.tar").kept.at(1).content,
              read_file(directory / "sparse"));
  }
}

TEST(ArchiveFormats, other_compressions_are_no_tar_archives) {
  const TestDirectory directory;
  tree::put(directory / "f", "content");
  python(
      "tarfile.open('a.tar', 'w:xz').add('f')\nimport zipfile\n"
      "with zipfile.ZipFile('b.tar', 'w') as archive: archive.write('f')",
      directory.path());
  for (const char* name : {"a.tar", "b.tar"}) {
    EXPECT_THAT(error_of([&] { kept_of_archive(directory / name); }),
                Refused(ErrorCode::kInvalidArgument,
                        "'" + (directory / name).string() +
                            "' is not a readable tar archive: Unrecognized archive format"));
  }
}

TEST(ArchiveFormats, a_truncated_gzip_gives_the_sink_nothing) {
  const TestDirectory directory;
  make_tree(directory / "top");
  run({"tar", "-czf", "a.tar.gz", "top"}, directory.path());
  const std::string whole = read_file(directory / "a.tar.gz");
  for (const std::size_t length : {whole.size() * 3 / 4, whole.size() / 2, std::size_t{30}}) {
    tree::put(directory / "b.tar.gz", whole.substr(0, length));
    Keeper keeper;
    EXPECT_THAT(error_of([&] {
                  read_archive(
                      directory / "b.tar.gz", [] {}, keeper);
                }),
                Refused(ErrorCode::kInvalidArgument))
        << length;
    EXPECT_THAT(keeper.paths(), IsEmpty());
  }
}

/// Throws once it was given more than a megabyte.
class Small : public tree::Sink {
 public:
  void entry(const tree::Entry&) override {}
  void data(std::string_view bytes) override {
    taken += bytes.size();
    if (taken > 1U << 20U) throw resource_exhausted("full");
  }
  void end_file() override {}
  std::size_t taken = 0;
};

TEST(ArchiveFormats, a_bomb_goes_off_in_no_ones_hands) {
  const TestDirectory directory;
  python(
      "member = tarfile.TarInfo('zeros')\n"
      "member.size = 100 << 20\n"
      "class Zeros:\n"
      "  def read(self, n): return bytes(n)\n"
      "with tarfile.open('a.tgz', 'w:gz') as archive: archive.addfile(member, Zeros())",
      directory.path());
  ASSERT_LT(std::filesystem::file_size(directory / "a.tgz"), 1U << 20U);
  Small small;
  EXPECT_THAT(error_of([&] {
                read_archive(
                    directory / "a.tgz", [] {}, small);
              }),
              Refused(ErrorCode::kResourceExhausted, "full"));
  EXPECT_LT(small.taken, 2U << 20U);
  Keeper keeper;
  int checks = 0;
  const auto check = [&checks] { ++checks; };
  EXPECT_THAT(error_of([&] { read_archive(directory / "a.tgz", check, keeper, 10U << 20U); }),
              Refused(ErrorCode::kResourceExhausted));
  EXPECT_EQ(checks, 1);
  const auto stop = [&checks] {
    if (++checks == 10) throw cancelled("stopped");
  };
  EXPECT_THAT(error_of([&] { read_archive(directory / "a.tgz", stop, keeper); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_THAT(keeper.paths(), IsEmpty());
}

}  // namespace
}  // namespace pyro::files
