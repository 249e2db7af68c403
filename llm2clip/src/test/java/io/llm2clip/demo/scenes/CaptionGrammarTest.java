package io.llm2clip.demo.scenes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CaptionGrammarTest {
    private static final int SCENES = 3000;
    private static final SceneGenerator GENERATOR = new SceneGenerator(11);

    /** Function words, and left and right, which have no plain synonyms. */
    private static final Set<String> SHARED = Set.of(
            "a", "an", "the", "in", "on", "at", "of", "is", "it", "and", "with", "be", "to", "by", "there", "left",
            "right", "are", "far", "here", "all", "over");

    private static List<Words> concepts() {
        List<Words> concepts = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            concepts.add(setting.where());
            concepts.addAll(setting.details());
        }
        for (Light light : Light.values()) {
            concepts.add(light.when());
            concepts.addAll(light.details());
        }
        Arrays.stream(Weather.values()).map(Weather::sentence).forEach(concepts::add);
        Arrays.stream(Orb.Kind.values()).map(Orb.Kind::noun).forEach(concepts::add);
        Arrays.stream(Orb.Place.values()).map(Orb.Place::words).forEach(concepts::add);
        Arrays.stream(Kind.Ground.values()).map(Kind::noun).forEach(concepts::add);
        Arrays.stream(Kind.Sky.values()).map(Kind::noun).forEach(concepts::add);
        Arrays.stream(Colour.values()).map(Colour::words).forEach(concepts::add);
        Arrays.stream(Pattern.values()).map(Pattern::words).forEach(concepts::add);
        Arrays.stream(Size.values()).map(Size::words).forEach(concepts::add);
        Arrays.stream(Slot.values()).map(Slot::words).forEach(concepts::add);
        return concepts;
    }

    private static List<Captions> captions(Wording wording) {
        return IntStream.range(0, SCENES)
                .mapToObj(index -> CaptionGrammar.captions(GENERATOR.scene(index), wording, 0))
                .toList();
    }

    /** Lower case words between single spaces, with a space at both ends. */
    private static String plain(String text) {
        return " " + text.toLowerCase(Locale.ROOT).replaceAll("[^a-z'-]+", " ").strip() + " ";
    }

    private static Set<String> contentWords(String text) {
        return Arrays.stream(plain(text).strip().split(" "))
                .filter(word -> !SHARED.contains(word))
                .collect(Collectors.toCollection(HashSet::new));
    }

    @Test
    void synonymsShareNoContentWordWithTheMainForm() {
        for (Words concept : concepts()) {
            for (String synonym : List.of(concept.second(), concept.third())) {
                Set<String> shared = contentWords(synonym);
                shared.retainAll(contentWords(concept.first()));
                assertThat(shared).as(concept.toString()).isEmpty();
            }
        }
    }

    @Test
    void mainFormsNeverAppearInOtherWordsNorOthersInTheMainWording() {
        String other = plain(captions(Wording.OTHER).stream()
                .flatMap(captions -> captions.all().stream())
                .collect(Collectors.joining(" ")));
        String first = plain(captions(Wording.FIRST).stream()
                .flatMap(captions -> captions.all().stream())
                .collect(Collectors.joining(" ")));
        for (Words concept : concepts()) {
            assertThat(other.contains(plain(concept.first())))
                    .as(concept.toString())
                    .isFalse();
            assertThat(first.contains(plain(concept.first())))
                    .as(concept.toString())
                    .isTrue();
            for (String synonym : List.of(concept.second(), concept.third())) {
                assertThat(first.contains(plain(synonym))).as(synonym).isFalse();
                assertThat(other.contains(plain(synonym))).as(synonym).isTrue();
            }
        }
    }

    @Test
    void otherWordsTellTheSameSentences() {
        for (int index = 0; index < 200; index++) {
            Scene scene = GENERATOR.scene(index);
            List<String> first =
                    CaptionGrammar.captions(scene, Wording.FIRST, 0).all();
            List<String> other =
                    CaptionGrammar.captions(scene, Wording.OTHER, 0).all();
            for (int i = 0; i < first.size(); i++) {
                assertThat(sentences(other.get(i))).isEqualTo(sentences(first.get(i)));
            }
        }
    }

    private static long sentences(String caption) {
        return caption.chars().filter(c -> c == '.').count();
    }

    @Test
    void lengthsAreThoseOfTheRecipe() {
        for (Wording wording : Wording.values()) {
            List<Captions> captions = captions(wording);
            double longMean = captions.stream()
                    .flatMap(caption -> caption.all().stream().skip(1))
                    .mapToInt(CaptionGrammarTest::words)
                    .peek(count -> assertThat(count).isBetween(30, 130))
                    .average()
                    .orElseThrow();
            double shortMean = captions.stream()
                    .mapToInt(caption -> words(caption.shortCaption()))
                    .peek(count -> assertThat(count).isBetween(3, 32))
                    .average()
                    .orElseThrow();
            assertThat(longMean).as("long, " + wording).isBetween(66.0, 85.0);
            assertThat(shortMean).as("short, " + wording).isBetween(11.0, 15.0);
        }
    }

    private static int words(String caption) {
        return caption.split(" ").length;
    }

    @Test
    void probabilitiesAreThoseOfTheRecipe() {
        List<Captions> captions = captions(Wording.FIRST);
        assertThat(share(
                        captions,
                        caption -> caption.firstLong()
                                .contains(Frames.OPENING.first().substring(5, 20))))
                .isBetween(0.57, 0.63);
        assertThat(share(captions, caption -> caption.firstLong().startsWith("This is a picture")))
                .isBetween(0.45, 0.51);
        assertThat(share(captions, caption -> caption.firstLong().contains("setting is")))
                .isBetween(0.37, 0.43);
        assertThat(share(captions, caption -> caption.shortCaption().contains(" and ")))
                .isBetween(0.63, 0.70);
        int falls = 0;
        int told = 0;
        for (int i = 0; i < SCENES; i++) {
            if (GENERATOR.scene(i).weather() == Weather.RAIN) {
                falls++;
                told += captions.get(i).secondLong().contains("Rain is falling.") ? 1 : 0;
            }
        }
        assertThat((double) told / falls).isBetween(0.88, 0.96);
    }

    private static double share(List<Captions> captions, Predicate<Captions> holds) {
        return (double) captions.stream().filter(holds).count() / captions.size();
    }

    @Test
    void theMixUsesTheMainFormInTwoOfThree() {
        SceneRandom random = new SceneRandom(1);
        Words words = Words.either("one", "two", "three");
        List<String> chosen = IntStream.range(0, 10_000)
                .mapToObj(i -> words.choose(Wording.ALL, random))
                .toList();
        assertThat(chosen.stream().filter("one"::equals).count()).isBetween(6350L, 6650L);
        assertThat(chosen.stream().filter("two"::equals).count()).isBetween(1630L, 1870L);
    }

    @Test
    void variantsAndLongCaptionsDiffer() {
        Scene scene = GENERATOR.scene(0);
        Captions captions = CaptionGrammar.captions(scene, Wording.ALL, 0);
        assertThat(captions).isEqualTo(CaptionGrammar.captions(scene, Wording.ALL, 0));
        assertThat(captions).isNotEqualTo(CaptionGrammar.captions(scene, Wording.ALL, 1));
        assertThat(captions.firstLong()).isNotEqualTo(captions.secondLong());
    }

    @Test
    void articlesAgreeAndNothingIsLeftUnfilled() {
        for (Wording wording : Wording.values()) {
            for (Captions captions : captions(wording)) {
                for (String caption : captions.all()) {
                    assertThat(caption).doesNotContain("%").doesNotContain("  ").endsWith(".");
                    assertThat(caption)
                            .doesNotContainPattern("\\b[Aa] [aeio]")
                            .doesNotContainPattern("\\b[Aa]n [^aeiou]");
                }
            }
        }
    }
}
