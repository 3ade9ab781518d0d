#include "tenon/data/imdb.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/data/tokenizer.hpp"
#include "tenon/data/vocabulary.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A set of two reviews of each kind in both parts.
class SmallImdb {
 public:
  explicit SmallImdb(const std::string& base = "aclImdb/") : base_(base) {
    for (const char* part : {"train/", "test/"}) {
      write(part + std::string("neg/0_2.txt"), "bad<br /><br />film");
      write(part + std::string("neg/1_4.txt"), "<b>so</b> so <br>!<BR/>");
      write(part + std::string("pos/0_10.txt"),
            "gr\xC3\xA9"
            "at");
      write(part + std::string("pos/1_7.txt"), "fine <break <br/>a<br");
    }
  }
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.file(base_ + name);
    std::filesystem::create_directories(path.parent_path());
    write_bytes(path.string(), text);
  }
  void remove(const std::string& name) { std::filesystem::remove_all(folder_.file(base_ + name)); }

  std::string path() const { return folder_.path(); }
  std::string error() const {
    return message_of<IoError>([this] { data::load_imdb(path()); });
  }

 private:
  TemporaryFolder folder_;
  std::string base_;
};

}  // namespace

TEST_CASE("reviews are read in the order of their numbers, without HTML breaks", "[data][imdb]") {
  for (const char* base : {"aclImdb/", ""}) {
    SmallImdb set(base);
    set.write("train/pos/notes.md", "no review");
    const auto [train, test] = data::load_imdb(set.path());
    REQUIRE(train.texts.size() == 4);
    CHECK(equal(train.labels, tensor<std::int64_t>({0, 1, 0, 1})));
    CHECK(train.texts[0] == "bad  film");
    CHECK(train.texts[1] == "gréat");
    CHECK(train.texts[2] == "<b>so</b> so  !<BR/>");
    CHECK(train.texts[3] == "fine <break  a<br");
    CHECK(test.texts == train.texts);
  }
}

TEST_CASE("reviews are sorted by number, not by name", "[data][imdb]") {
  SmallImdb set;
  for (int i = 2; i <= 10; ++i) {
    set.write("train/neg/" + std::to_string(i) + "_1.txt", "n" + std::to_string(i));
  }
  const auto reviews = data::load_imdb(set.path()).train;
  REQUIRE(reviews.texts.size() == 13);
  CHECK(reviews.texts[4] == "n2");
  CHECK(reviews.texts[12] == "n10");
}

TEST_CASE("a set that is not there names the script that fetches it", "[data][imdb][errors]") {
  CHECK(message_of<IoError>([] { data::load_imdb("/no/such"); }) ==
        "[load_imdb] train/ was found neither in /no/such/aclImdb nor in /no/such; hint: "
        "scripts/download_data.sh --only imdb /no/such fetches it");
  SmallImdb set;
  set.remove("test/pos");
  CHECK_THAT(set.error(),
             ContainsSubstring("aclImdb/test/pos: cannot be read: No such file or directory; "
                               "hint: scripts/download_data.sh --only imdb DIR"));
  set.write("test/pos/readme", "");
  CHECK_THAT(set.error(), ContainsSubstring("aclImdb/test/pos: holds no review"));
}

TEST_CASE("a missing or misplaced review is named", "[data][imdb][errors]") {
  SmallImdb set;
  set.write("train/neg/3_1.txt", "bad");
  CHECK_THAT(set.error(), ContainsSubstring("aclImdb/train/neg: there is no review 2 although "
                                            "there is a 3"));
  set.write("train/neg/2_1.txt", "bad");
  set.write("train/neg/2_2.txt", "bad");
  CHECK_THAT(set.error(), ContainsSubstring(".txt: there is another review 2"));
  set.remove("train/neg/2_2.txt");
  set.write("train/pos/2_4.txt", "bad");
  CHECK_THAT(set.error(), ContainsSubstring("train/pos/2_4.txt: the rating 4 is not one of pos (7 "
                                            "to 10)"));
  set.remove("train/pos/2_4.txt");
  set.write("train/neg/4_7.txt", "bad");
  CHECK_THAT(set.error(), ContainsSubstring("4_7.txt: the rating 7 is not one of neg (1 to 4)"));
  set.remove("train/neg/4_7.txt");
  for (const char* name : {"x.txt", "4.txt", "4_.txt", "_4.txt", "-4_1.txt", "4_1.txt.txt",
                           "4_1x.txt", "99999999999999999999_1.txt"}) {
    set.write(std::string("train/neg/") + name, "bad");
    CHECK_THAT(set.error(), ContainsSubstring(std::string(name) +
                                              ": a review's file is named <number>_<rating>.txt"));
    set.remove(std::string("train/neg/") + name);
  }
  CHECK(set.error().empty());
}

TEST_CASE("a damaged review is named", "[data][imdb][errors]") {
  SmallImdb set;
  set.write("train/pos/1_7.txt", "");
  CHECK_THAT(set.error(), ContainsSubstring("train/pos/1_7.txt: is empty"));
  set.write("train/pos/1_7.txt", "caf\xE9!");
  CHECK_THAT(set.error(), ContainsSubstring("train/pos/1_7.txt: is not UTF-8 at byte 3"));
  set.remove("train/pos/1_7.txt");
  std::filesystem::create_directories(set.path() + "/aclImdb/train/pos/1_7.txt");
  CHECK_THAT(set.error(), ContainsSubstring("train/pos/1_7.txt: is a folder"));
}

TEST_CASE("the real reviews have their counts and their words", "[data][imdb]") {
  const char* folder = std::getenv("TENON_DATA_DIR");
  if (folder == nullptr) TENON_TEST_SKIP("TENON_DATA_DIR is not set");
  if (!std::filesystem::exists(std::string(folder) + "/aclImdb")) {
    TENON_TEST_SKIP(std::string(folder) + "/aclImdb does not exist");
  }
  const auto [train, test] = data::load_imdb(folder);
  CHECK(train.texts.size() == 25000);
  CHECK(test.texts.size() == 25000);
  CHECK(train.texts[1].starts_with("Bromwell High is a cartoon comedy."));
  const data::Tokenizer tokenizer;
  data::WordCounter counter;
  for (const auto& text : train.texts) {
    CHECK(text.find("<br />") == std::string::npos);
    counter.add(tokenizer(text));
  }
  const data::Vocabulary vocabulary(counter, {.max_size = 10000});
  CHECK(vocabulary.size() == 10000);
  CHECK(vocabulary.word(3) == "the");
  CHECK(vocabulary.decode({3, 4, 5, 6, 7}) == "the and a of to");
}
