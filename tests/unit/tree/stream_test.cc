#include "common/tree/stream.h"

#include <gmock/gmock.h>

#include "common/tree/write.h"
#include "tests/support/errors.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::tree {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;

/// Where the path's and the target's lengths are in an entry's record.
constexpr std::size_t kKindAt = 1;
constexpr std::size_t kModeAt = 2;
constexpr std::size_t kPathLengthAt = 38;
constexpr std::size_t kTargetLengthAt = 40;

/// The stream that `tell` gives to an encoder.
template <class Tell>
std::string stream_of(Tell&& tell) {
  std::string stream;
  Encoder encoder([&stream](std::string_view record) { stream += record; });
  tell(encoder);
  return stream;
}

std::string entry_record(const Entry& entry) {
  return stream_of([&](Encoder& encoder) { encoder.entry(entry); });
}

std::optional<Error> refusal_of(std::string_view stream) {
  Keeper keeper;
  Decoder decoder(keeper);
  return error_of([&] { decoder.feed(stream); });
}

void make_odd_tree(const std::filesystem::path& top) {
  put(top / "text", "some text\n");
  put(top / "empty", "");
  put(top / "binary", std::string("\0\xff\x80\n", 4) + std::string(200'000, '\0'));
  put(top / "with space/it's \"quoted\"/new\nline", "odd");
  put(top / "\xff\xfe not utf-8", "bytes");
  put(top / "modes/run.sh", "#!/bin/sh\n");
  std::filesystem::create_directories(top / "empty directory/below");
  std::filesystem::create_symlink("../text", top / "modes/link");
  std::filesystem::create_symlink("/nowhere/\xff", top / "dangling");
  ASSERT_EQ(::chmod((top / "modes/run.sh").c_str(), 04755), 0);
  ASSERT_EQ(::chmod((top / "modes").c_str(), 02750), 0);
  ASSERT_EQ(::chmod((top / "empty directory/below").c_str(), 0500), 0);
  const std::array<timespec, 2> times{
      {{.tv_sec = 1, .tv_nsec = 1}, {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789}}};
  const std::array<timespec, 2> before{
      {{.tv_sec = 1, .tv_nsec = 1}, {.tv_sec = -5, .tv_nsec = 250'000'000}}};
  const auto set = [&](std::string_view path, const std::array<timespec, 2>& both) {
    ASSERT_EQ(::utimensat(AT_FDCWD, (top / path).c_str(), both.data(), AT_SYMLINK_NOFOLLOW), 0);
  };
  set("text", times);
  set("dangling", times);
  set("empty", before);
  set("empty directory", times);
  set("", times);
}

class RoundTrip : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RoundTrip, a_tree_comes_out_as_it_went_in) {
  const TestDirectory directory;
  make_odd_tree(directory / "from");
  const std::string stream = stream_of([&](Encoder& encoder) {
    walk(open_directory(directory.path()).get(), "from", {}, encoder);
    encoder.done();
  });
  const UniqueFd to = open_directory(directory.path());
  Writer writer(to.get(), "to", Trust::kKeep);
  Decoder decoder(writer);
  for (std::size_t at = 0; at < stream.size(); at += GetParam()) {
    EXPECT_FALSE(decoder.done());
    decoder.feed(std::string_view(stream).substr(at, GetParam()));
  }
  EXPECT_TRUE(decoder.done());
  writer.finish();
  const std::vector<Kept> from = kept_of(directory / "from");
  EXPECT_EQ(from.size(), 14U);
  EXPECT_EQ(kept_of(directory / "to"), from);
  EXPECT_EQ(writer.totals().entries, 13U);
  EXPECT_EQ(writer.totals().bytes, 10U + 200'004U + 3U + 5U + 10U);
}

INSTANTIATE_TEST_SUITE_P(Cuts, RoundTrip, ::testing::Values(1, 7, 4096, 1U << 30U));

TEST(Decoder, a_file_may_come_without_its_content) {
  Keeper keeper;
  Decoder decoder(keeper);
  decoder.feed(entry_record(file("a")) + entry_record(file("b")) + "\3\4");
  EXPECT_TRUE(decoder.done());
  EXPECT_FALSE(keeper.kept.at(0).ended);
  EXPECT_TRUE(keeper.kept.at(1).ended);
}

TEST(Decoder, every_field_arrives) {
  Entry entry = symlink("p/\xff", "t\n");
  entry.mode = 07531;
  entry.mtime_ns = -1;
  entry.ctime_ns = 0x1122334455667788;
  entry.inode = ~std::uint64_t{0};
  entry.size = 1ULL << 63U;
  struct Exact : Keeper {
    void entry(const Entry& one) override { last = one; }
    Entry last;
  } exact;
  Decoder(exact).feed(entry_record(entry));
  EXPECT_EQ(exact.last, entry);
}

TEST(Decoder, a_stream_that_was_cut_off_is_not_done) {
  const std::string stream = entry_record(file("a")) + std::string("\2\2\0\0\0hi\3\4", 9);
  for (std::size_t length = 0; length < stream.size(); ++length) {
    Keeper keeper;
    Decoder decoder(keeper);
    decoder.feed(std::string_view(stream).substr(0, length));
    EXPECT_FALSE(decoder.done()) << length;
  }
}

TEST(Decoder, paths_that_lead_elsewhere_are_refused) {
  const std::vector<std::string> hostile = {"..",
                                            "../a",
                                            "a/..",
                                            "a/../b",
                                            "/",
                                            "/a",
                                            "a/",
                                            "a//b",
                                            ".",
                                            "./a",
                                            "a/./b",
                                            std::string("a\0b", 3),
                                            std::string(256, 'n')};
  for (const std::string& path : hostile) {
    std::string record = entry_record(file(std::string(path.size(), 'x').substr(0, 255)));
    record.resize(record.size() - std::min<std::size_t>(path.size(), 255));
    record[kPathLengthAt] = static_cast<char>(path.size());
    record[kPathLengthAt + 1] = static_cast<char>(path.size() >> 8U);
    EXPECT_THAT(refusal_of(record + path), Refused(ErrorCode::kInvalidArgument)) << path;
  }
}

TEST(Decoder, a_length_that_no_path_has_is_refused_before_it_is_waited_for) {
  for (const std::size_t at : {kPathLengthAt, kTargetLengthAt}) {
    std::string record = entry_record(file("a"));
    record.resize(42);
    record[at + 1] = '\x10';
    EXPECT_THAT(refusal_of(record), Refused(ErrorCode::kInvalidArgument)) << at;
  }
}

TEST(Decoder, data_of_no_length_or_too_long_is_refused_before_it_is_waited_for) {
  const std::string begun = entry_record(file("a"));
  EXPECT_THAT(refusal_of(begun + std::string("\2\0\0\0\0", 5)),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(refusal_of(begun + std::string("\2\1\0\1\0", 5)),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(refusal_of(begun + std::string("\2\xff\xff\xff\xff", 5)),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_EQ(refusal_of(begun + std::string("\2\0\0\1\0", 5)), std::nullopt);
}

TEST(Decoder, records_out_of_place_are_refused) {
  const std::string data = std::string("\2\1\0\0\0x", 6);
  const std::string a = entry_record(file("a"));
  for (const std::string& stream :
       {data, std::string("\3"), entry_record(directory("d")) + data,
        entry_record(symlink("l", "t")) + "\3", a + data + a, a + data + "\4", a + "\3" + data,
        a + "\3\3", a + "\4" + a, std::string("\4\4"), std::string(1, '\0'), std::string("\6"),
        std::string("\xff")}) {
    EXPECT_THAT(refusal_of(stream), Refused(ErrorCode::kInvalidArgument))
        << ::testing::PrintToString(stream);
  }
}

TEST(Decoder, holes_out_of_place_or_of_no_size_are_refused) {
  const std::string a = entry_record(file("a"));
  const auto hole = [](std::uint64_t bytes) {
    std::string record = "\5";
    for (int i = 0; i < 8; ++i) record += static_cast<char>(bytes >> (8 * i));
    return record;
  };
  for (const std::string& stream :
       {hole(1), entry_record(directory("d")) + hole(1), a + "\3" + hole(1), a + hole(0),
        a + hole(kMaxHoleBytes + 1), a + hole(~std::uint64_t{0}), a + hole(1) + a,
        a + hole(1) + "\4"}) {
    EXPECT_THAT(refusal_of(stream), Refused(ErrorCode::kInvalidArgument))
        << ::testing::PrintToString(stream);
  }
  // Nor does a sink get one that it has not asked for.
  EXPECT_THAT(refusal_of(a + hole(1) + "\3\4"), Refused(ErrorCode::kInvalidArgument));
}

TEST(Decoder, entries_that_nothing_is_are_refused) {
  for (const char kind : {'\0', '\6', '\xff'}) {
    std::string record = entry_record(file("a"));
    record[kKindAt] = kind;
    EXPECT_THAT(refusal_of(record), Refused(ErrorCode::kInvalidArgument));
  }
  std::string no_link = entry_record(symlink("l", "t"));
  no_link[kKindAt] = static_cast<char>(EntryKind::kFile);
  EXPECT_THAT(refusal_of(no_link), Refused(ErrorCode::kInvalidArgument));
  std::string no_target = entry_record(file("l"));
  no_target[kKindAt] = static_cast<char>(EntryKind::kSymlink);
  EXPECT_THAT(refusal_of(no_target), Refused(ErrorCode::kInvalidArgument));
  std::string cut_target = entry_record(symlink("l", "t"));
  cut_target.back() = '\0';
  EXPECT_THAT(refusal_of(cut_target), Refused(ErrorCode::kInvalidArgument));
  std::string mode = entry_record(file("a"));
  mode[kModeAt + 1] = '\x10';
  EXPECT_THAT(refusal_of(mode), Refused(ErrorCode::kInvalidArgument));
}

TEST(Encoder, what_no_decoder_takes_is_not_sent) {
  EXPECT_THAT(error_of([] { entry_record(file("../a")); }), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([] { entry_record(file(std::string(5000, 'x'))); }),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([] { entry_record(symlink("l", "")); }),
              Refused(ErrorCode::kInvalidArgument));
}

TEST(Encoder, long_data_goes_in_records_that_a_decoder_takes) {
  std::vector<std::size_t> pieces;
  Encoder encoder([&](std::string_view piece) { pieces.push_back(piece.size()); });
  encoder.data(std::string(2 * kMaxDataBytes + 1, 'x'));
  encoder.data("");
  EXPECT_THAT(pieces, ::testing::ElementsAre(5U, kMaxDataBytes, 5U, kMaxDataBytes, 5U, 1U));
}

}  // namespace
}  // namespace pyro::tree
