package io.llm2clip.training.mask;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.TextGroups;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MaskTest {
    private static final int BEGIN = 1;
    private static final int MASK = 2;
    private static final int LENGTH = 50;

    /** A begin token, then a token for each character. */
    private static PackedTokens tokens(String text) {
        int[] ids = IntStream.concat(IntStream.of(BEGIN), text.chars()).toArray();
        boolean[] isText = new boolean[ids.length];
        Arrays.fill(isText, 1, ids.length, true);
        return new PackedTokens(ids, isText);
    }

    @Test
    void aFifthIsHiddenAndAskedForOneTokenBefore() {
        int count = 40_000;
        int[] ids = IntStream.range(0, count).map(i -> 100 + i % 800).toArray();
        boolean[] text = new boolean[count];
        for (int i = 0; i < count; i++) {
            text[i] = i % 10 != 3;
        }
        TokenMask.Masked masked =
                new TokenMask(0.2, MASK, 1000).of(new PackedTokens(ids, text), LENGTH, new CounterRandom(7), 1);
        int asked = masked.targets().length;
        assertThat(masked.predictors()).hasSize(asked);
        int hidden = 0;
        int kept = 0;
        for (int i = 0; i < asked; i++) {
            int place = masked.predictors()[i] + 1;
            assertThat(place % LENGTH).isPositive();
            assertThat(text[place]).isTrue();
            assertThat(masked.targets()[i]).isEqualTo(ids[place]);
            hidden += masked.ids()[place] == MASK ? 1 : 0;
            kept += masked.ids()[place] == ids[place] ? 1 : 0;
        }
        // Of nine in ten tokens; one in fifty is the first of its row.
        assertThat((double) asked / count).isBetween(0.17, 0.185);
        assertThat((double) hidden / asked).isBetween(0.785, 0.815);
        assertThat((double) kept / asked).isBetween(0.085, 0.115);
        int changed = (int)
                IntStream.range(0, count).filter(i -> masked.ids()[i] != ids[i]).count();
        assertThat(changed).isBetween(asked - kept, asked - kept + count / LENGTH);
        assertThat(IntStream.range(0, count).filter(i -> !text[i])).allMatch(i -> masked.ids()[i] == ids[i]);
    }

    private static List<DataSource> sources() {
        List<List<String>> letters = new ArrayList<>();
        List<List<String>> digits = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            letters.add(List.of("abcdefghij".substring(i % 5), "klmnopq"));
            digits.add(List.of("0123456789".repeat(1 + i % 3)));
        }
        return List.of(
                DataSource.of(new TextGroups("letters", letters)).weighing(1),
                DataSource.of(new TextGroups("digits", digits)).weighing(3));
    }

    /** Every row is whole texts, each behind its begin token, but for the last one of a step, which is cut. */
    @Test
    void textsAreJoinedWithoutGaps() {
        try (PackedTexts packed = new PackedTexts(sources(), MaskTest::tokens, 3)) {
            Map<Boolean, Integer> begun = new HashMap<>();
            for (int step = 0; step < 40; step++) {
                PackedTokens tokens = packed.next(step, 3 * LENGTH);
                assertThat(tokens.ids()).hasSize(3 * LENGTH);
                assertThat(tokens.ids()[0]).isEqualTo(BEGIN);
                for (int i = 0; i < tokens.ids().length; i++) {
                    assertThat(tokens.text()[i]).isEqualTo(tokens.ids()[i] != BEGIN);
                    if (tokens.ids()[i] == BEGIN && i + 1 < tokens.ids().length) {
                        begun.merge(tokens.ids()[i + 1] < 'a', 1, Integer::sum);
                    }
                }
            }
            double digits = begun.get(true);
            assertThat(digits / (digits + begun.get(false))).isBetween(0.65, 0.85);
        }
    }

    @Test
    void goesOnWhereItStopped() {
        Function<String, PackedTokens> tokens = MaskTest::tokens;
        List<int[]> whole = new ArrayList<>();
        List<String> positions = new ArrayList<>();
        try (PackedTexts packed = new PackedTexts(sources(), tokens, 3)) {
            for (int step = 0; step < 12; step++) {
                positions.add(packed.position());
                whole.add(packed.next(step, 2 * LENGTH).ids());
            }
        }
        for (int from = 0; from < 12; from++) {
            try (PackedTexts resumed = new PackedTexts(sources(), tokens, 3)) {
                resumed.seek(positions.get(from));
                for (int step = from; step < 12; step++) {
                    assertThat(resumed.next(step, 2 * LENGTH).ids()).isEqualTo(whole.get(step));
                }
            }
        }
    }
}
