package io.llm2clip.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level BPE training (Sennrich et al. 2016, arXiv 1508.07909, over bytes as in GPT-2).
 *
 * <p>Ids are the special tokens in the given order, then the 256 byte characters by code point, then the merges. The
 * most frequent pair merges first; of equally frequent pairs the one with the smaller left id, then right id. This is
 * the order of the Hugging Face trainer, so both give the same vocabulary. Training is deterministic.
 *
 * @param vocabularySize the wanted number of tokens, special tokens included; a corpus with too few repeated pairs
 *     gives fewer, see {@link BpeVocabulary#size()}
 * @param specialTokens tokens that are never split nor merged, such as {@code <pad>}
 * @param beginToken the special token that the tokenizer puts in front of a row when special tokens are asked for
 */
public record BpeTrainer(
        int vocabularySize,
        List<String> specialTokens,
        @Nullable String beginToken) {
    /** Pairs seen less often than this do not merge. */
    private static final long MINIMUM_COUNT = 2;

    /** GPT-2's split into words, the one that the {@code ByteLevel} pre-tokenizer applies. */
    private static final Pattern WORDS =
            Pattern.compile("(?U)'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    public BpeTrainer {
        specialTokens = List.copyOf(specialTokens);
        if (vocabularySize < specialTokens.size() + 256) {
            throw new IllegalArgumentException(
                    "A byte-level vocabulary needs at least %d tokens (256 bytes and %d special tokens), not %d."
                            .formatted(specialTokens.size() + 256, specialTokens.size(), vocabularySize));
        }
        if (beginToken != null && !specialTokens.contains(beginToken)) {
            throw new IllegalArgumentException(
                    "The begin token %s must be one of the special tokens %s.".formatted(beginToken, specialTokens));
        }
    }

    /** Learns a vocabulary from {@code texts}, whose order does not matter. */
    public BpeVocabulary train(Iterable<String> texts) {
        var learner = new Learner(specialTokens, words(texts));
        learner.mergeUntil(vocabularySize);
        return new BpeVocabulary(learner.tokens, learner.merges, specialTokens, beginToken);
    }

    /** Counts pre-tokens, spelled in byte characters. */
    private static Map<String, Long> words(Iterable<String> texts) {
        Map<String, Long> raw = new HashMap<>();
        for (String text : texts) {
            Matcher matcher = WORDS.matcher(WellFormed.text(text));
            while (matcher.find()) {
                raw.merge(matcher.group(), 1L, Long::sum);
            }
        }
        Map<String, Long> spelled = LinkedHashMap.newLinkedHashMap(raw.size());
        raw.forEach((word, count) -> spelled.put(ByteAlphabet.spell(word), count));
        return spelled;
    }

    /** A candidate as it was when it entered the queue; outdated when the pair's count has changed since. */
    private record Candidate(long count, long pair) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byCount = Long.compare(other.count, count);
            return byCount != 0 ? byCount : Long.compare(pair, other.pair);
        }
    }

    private static final class Word {
        private final long count;
        private int[] ids;

        private Word(int[] ids, long count) {
            this.ids = ids;
            this.count = count;
        }

        /** Replaces the pair (left, right) by {@code merged}, from left to right. */
        private void merge(int left, int right, int merged) {
            int length = 0;
            for (int i = 0; i < ids.length; length++) {
                boolean match = ids[i] == left && i + 1 < ids.length && ids[i + 1] == right;
                ids[length] = match ? merged : ids[i];
                i += match ? 2 : 1;
            }
            ids = Arrays.copyOf(ids, length);
        }
    }

    /** Pair counts that are updated only in the words a merge touches. */
    private static final class Learner {
        private final List<String> tokens = new ArrayList<>();
        private final Map<String, Integer> idOf = new HashMap<>();
        private final List<BpeVocabulary.Merge> merges = new ArrayList<>();
        private final Map<Long, Long> counts = new HashMap<>();
        private final Map<Long, Set<Word>> wordsOf = new HashMap<>();
        private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

        private Learner(List<String> specialTokens, Map<String, Long> words) {
            specialTokens.forEach(this::idFor);
            char[] alphabet = ByteAlphabet.ofBytes();
            Arrays.sort(alphabet);
            int[] idOfCharacter = new int[alphabet[255] + 1];
            for (char character : alphabet) {
                idOfCharacter[character] = idFor(String.valueOf(character));
            }
            words.forEach((word, count) ->
                    add(new Word(word.chars().map(c -> idOfCharacter[c]).toArray(), count), +1, new HashMap<>()));
            counts.forEach((pair, count) -> queue.add(new Candidate(count, pair)));
        }

        private int idFor(String token) {
            Integer known = idOf.putIfAbsent(token, tokens.size());
            if (known == null) {
                tokens.add(token);
                return tokens.size() - 1;
            }
            return known;
        }

        private void mergeUntil(int vocabularySize) {
            while (tokens.size() < vocabularySize && !queue.isEmpty()) {
                Candidate best = queue.remove();
                if (best.count < MINIMUM_COUNT) {
                    return;
                }
                if (best.count == counts.getOrDefault(best.pair, 0L)) {
                    merge(best.pair);
                }
            }
        }

        private void merge(long pair) {
            int left = (int) (pair >>> 32);
            int right = (int) pair;
            int merged = idFor(tokens.get(left) + tokens.get(right));
            merges.add(new BpeVocabulary.Merge(tokens.get(left), tokens.get(right)));
            Map<Long, Long> changes = new HashMap<>();
            for (Word word : List.copyOf(wordsOf.getOrDefault(pair, Set.of()))) {
                add(word, -1, changes);
                word.merge(left, right, merged);
                add(word, +1, changes);
            }
            changes.forEach((changed, change) -> {
                if (change != 0) {
                    queue.add(new Candidate(counts.getOrDefault(changed, 0L), changed));
                }
            });
        }

        private void add(Word word, int sign, Map<Long, Long> changes) {
            for (int i = 0; i + 1 < word.ids.length; i++) {
                long pair = (long) word.ids[i] << 32 | word.ids[i + 1];
                counts.merge(pair, sign * word.count, Long::sum);
                changes.merge(pair, sign * word.count, Long::sum);
                // A LinkedHashSet keeps the walk over words independent of identity hash codes.
                Set<Word> holders = wordsOf.computeIfAbsent(pair, key -> new LinkedHashSet<>());
                if (sign > 0) {
                    holders.add(word);
                } else {
                    holders.remove(word);
                }
            }
        }
    }
}
