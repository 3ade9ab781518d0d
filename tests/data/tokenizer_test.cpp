#include "tenon/data/tokenizer.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "data/utf8.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"

using namespace tenon;
using namespace tenon::test;
using Words = std::vector<std::string>;

TEST_CASE("the tokenizer cuts and lowers as Keras' does", "[data][tokenizer]") {
  const data::Tokenizer tokenizer;
  CHECK(tokenizer("Don't look UP, now!") == Words{"don't", "look", "up", "now"});
  CHECK(tokenizer("a-b/c (d) [e] \"f\" g...h") == Words{"a", "b", "c", "d", "e", "f", "g", "h"});
  CHECK(tokenizer("10/10\tgreat\nfilm\r\n") == Words{"10", "10", "great", "film"});
  CHECK(tokenizer("'quoted'") == Words{"'quoted'"});
  CHECK(tokenizer("").empty());
  CHECK(tokenizer(" ?!  ").empty());
}

TEST_CASE("punctuation can become words or stay", "[data][tokenizer]") {
  const data::Tokenizer split({.lower = false, .punctuation = data::Punctuation::split});
  CHECK(split("Hi, you...") == Words{"Hi", ",", "you", ".", ".", "."});
  const data::Tokenizer keep({.punctuation = data::Punctuation::keep});
  CHECK(keep("Hi, <you>") == Words{"hi,", "<you>"});
  const data::Tokenizer own({.filters = "x "});
  CHECK(own("axb c.") == Words{"a", "b", "c."});
}

TEST_CASE("the tokenizer knows more than ASCII", "[data][tokenizer]") {
  const data::Tokenizer tokenizer;
  CHECK(tokenizer("CAFÉ Ÿ Žižek ΆΣ ЁЖ 日本") == Words{"café", "ÿ", "žižek", "άσ", "ёж", "日本"});
  CHECK(tokenizer("× ÷ ß İ ſ") == Words{"×", "÷", "ß", "İ", "ſ"});
  CHECK(tokenizer("one\xC2\xA0two\xC2\x85three\xC2\x96"
                  "four") == Words{"one", "two", "three", "four"});
  CHECK(tokenizer(std::string("nul\0inside", 10)) == Words{"nul", "inside"});
}

TEST_CASE("letters become small as Unicode says", "[data][tokenizer][utf8]") {
  const std::string capitals =
      "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽ"
      "ΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ";
  const std::string small =
      "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżž"
      "άέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюя";
  const data::Tokenizer tokenizer;
  CHECK(tokenizer(capitals) == Words{small});
  CHECK(tokenizer(small) == Words{small});
}

TEST_CASE("what is not UTF-8 becomes U+FFFD, and words are always UTF-8", "[data][tokenizer]") {
  const data::Tokenizer tokenizer;
  CHECK(tokenizer("caf\xE9 ok") == Words{"caf\xEF\xBF\xBD", "ok"});
  // All texts of one to three odd bytes.
  const std::string bytes(
      "\x00\x20\x41\x7F\x80\x85\xA0\xBF\xC0\xC1\xC2\xC3\xDF\xE0\xED\xEF\xF0"
      "\xF4\xF5\xFF",
      20);
  for (const char a : bytes) {
    for (const char b : bytes) {
      for (const char c : bytes) {
        for (std::size_t size = 1; size <= 3; ++size) {
          const std::string text = std::string{a, b, c}.substr(0, size);
          for (const auto& word : tokenizer(text)) {
            CHECK(detail::find_invalid_utf8(word) == std::string::npos);
            CHECK_FALSE(word.empty());
          }
        }
      }
    }
  }
}

TEST_CASE("UTF-8 is told from other bytes", "[data][utf8]") {
  const auto length = [](std::string_view text) { return detail::utf8_length(text); };
  CHECK(length("a") == 1);
  CHECK(length("\xC3\xA9") == 2);
  CHECK(length("\xE2\x82\xAC") == 3);
  CHECK(length("\xF0\x9F\x98\x80") == 4);
  CHECK(length("\xF4\x8F\xBF\xBF") == 4);
  CHECK(length("") == 0);
  for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF",
                          "\xED\xA0\x80", "\xE2\x82", "\xE2\x28\xA1", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFF"}) {
    INFO(bad);
    CHECK(length(bad) == 0);
  }
  CHECK(detail::find_invalid_utf8("abc\xC3\xA9") == std::string::npos);
  CHECK(detail::find_invalid_utf8("abc\xC3\xA9\xC3") == 5);
}

TEST_CASE("filters beyond ASCII are refused", "[data][tokenizer][errors]") {
  CHECK(message_of<ValueError>([] { data::Tokenizer tokenizer({.filters = "é"}); }) ==
        "[Tokenizer] filters hold 'é', in which not all is ASCII; hint: other characters stay in "
        "the words; replace them in the text beforehand");
}
