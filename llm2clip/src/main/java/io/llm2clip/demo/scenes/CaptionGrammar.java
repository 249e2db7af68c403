package io.llm2clip.demo.scenes;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Describes scenes in English.
 *
 * <p>What is told, and in which sentences, is drawn from one stream of random numbers, and how each concept is worded from
 * another: for a scene and variant, the captions in {@link Wording#OTHER} tell sentence by sentence what those in {@link
 * Wording#FIRST} tell. So a difference between the two in retrieval is due to the words alone.
 */
public final class CaptionGrammar {
    private static final long WORDS = 1;

    private final Scene scene;
    private final Wording wording;
    private final SceneRandom random;
    private final SceneRandom wordRandom;

    private CaptionGrammar(Scene scene, Wording wording, int variant) {
        this.scene = scene;
        this.wording = wording;
        this.random = scene.random(Purpose.CAPTIONS + variant);
        this.wordRandom = random.stream(WORDS);
    }

    /**
     * The three captions of a scene.
     *
     * @param variant number of the description, from 0; another one chooses other facts, sentences and words
     */
    public static Captions captions(Scene scene, Wording wording, int variant) {
        CaptionGrammar grammar = new CaptionGrammar(scene, wording, variant);
        return new Captions(grammar.shortCaption(), grammar.longCaption(), grammar.longCaption());
    }

    private String shortCaption() {
        List<SceneObject> objects = new ArrayList<>(scene.objects());
        random.shuffle(objects);
        int count = random.chance(2 / 3.0) ? 2 : 1;
        List<String> phrases = new ArrayList<>();
        for (SceneObject object : objects.subList(0, count)) {
            phrases.add(nounPhrase(object, random.chance(0.3), random.chance(0.5), random.chance(0.9)));
        }
        StringBuilder caption = new StringBuilder(String.join(" and ", phrases));
        double background = random.uniform();
        if (background < 0.85) {
            caption.append(' ').append(say(scene.setting().where()));
        }
        if (background < 0.7 || background >= 0.85) {
            caption.append(' ').append(say(scene.light().when()));
        }
        return sentence(caption.toString());
    }

    private String longCaption() {
        List<String> sentences = new ArrayList<>();
        boolean opens = random.chance(0.6);
        boolean opensFirst = random.chance(0.8);
        String where = say(scene.setting().where());
        String when = say(scene.light().when());
        String opening = say(Frames.OPENING, where, when);
        if (!opens) {
            sentences.add(say(Frames.SETTING, where.substring(where.indexOf(' ') + 1)));
            sentences.add(say(Frames.LIGHT, when));
        } else if (!opensFirst) {
            sentences.add(opening);
        }
        scene.objects().forEach(object -> sentences.add(describe(object)));
        describeSky(sentences);
        addSome(sentences, scene.setting().details(), random.pick(List.of(1, 2, 2)));
        addSome(sentences, scene.light().details(), random.pick(List.of(1, 1, 2)));
        relate(sentences);
        addSome(sentences, Frames.FILLERS, random.pick(List.of(1, 2, 2, 3)));
        random.shuffle(sentences);
        if (opens && opensFirst) {
            sentences.addFirst(opening);
        }
        return String.join(" ", sentences.stream().map(CaptionGrammar::sentence).toList());
    }

    private void describeSky(List<String> sentences) {
        if (random.chance(0.92)) {
            sentences.add(say(scene.weather().sentence()));
        }
        Orb orb = scene.orb();
        if (orb != null && random.chance(0.9)) {
            sentences.add(say(orb.kind().noun()) + " " + say(Frames.SHINES) + " "
                    + say(orb.place().words()));
        }
    }

    private void relate(List<String> sentences) {
        List<SceneObject> ground = scene.objects().stream()
                .filter(object -> object.kind() instanceof Kind.Ground)
                .toList();
        if (ground.size() < 2 || !random.chance(0.5)) {
            return;
        }
        SceneObject subject = ground.getFirst();
        SceneObject reference = ground.getLast();
        Words relation = subject.x() < reference.x() ? Frames.LEFT_OF : Frames.RIGHT_OF;
        sentences.add("the " + say(subject.kind().noun()) + " " + say(relation) + " the "
                + say(reference.kind().noun()));
    }

    private void addSome(List<String> sentences, List<Words> choices, int count) {
        List<Words> shuffled = new ArrayList<>(choices);
        random.shuffle(shuffled);
        shuffled.subList(0, count).forEach(words -> sentences.add(say(words)));
    }

    private String describe(SceneObject object) {
        double form = random.uniform();
        boolean tellsColour = !random.chance(0.12);
        boolean tellsSize = !random.chance(0.18);
        boolean tellsPattern = !random.chance(0.18);
        String position = random.chance(0.18) ? "" : say(object.slot().words());
        String verb = say(object.kind() instanceof Kind.Ground ? Frames.STANDS : Frames.HANGS);
        if (form >= 0.55) {
            String subject = withArticle(say(object.kind().noun()));
            String start = position.isEmpty() ? joined(say(Frames.THERE_IS), subject) : joined(subject, verb, position);
            List<String> attributes = attributes(object, tellsColour, tellsSize, tellsPattern);
            return attributes.isEmpty() ? start : start + "; it is " + enumeration(attributes);
        }
        String phrase = nounPhrase(object, tellsSize, tellsPattern, tellsColour);
        if (form < 0.30) {
            return joined(phrase, verb, position);
        }
        if (form < 0.45) {
            return joined(position, say(Frames.THERE_IS), phrase);
        }
        return joined(say(Frames.NOTICE), phrase, position);
    }

    private List<String> attributes(SceneObject object, boolean colour, boolean size, boolean pattern) {
        List<String> attributes = new ArrayList<>();
        if (colour) {
            attributes.add(say(Frames.COLOURED, say(object.colour().words())));
        }
        if (pattern) {
            attributes.add(say(object.pattern().words()));
        }
        if (size) {
            attributes.add(say(Frames.RATHER, say(object.size().words())));
        }
        random.shuffle(attributes);
        return attributes;
    }

    private String nounPhrase(SceneObject object, boolean size, boolean pattern, boolean colour) {
        boolean patternFirst = random.chance(0.5);
        String patternWord = pattern ? say(object.pattern().words()) : "";
        String phrase = withArticle(joined(
                size ? say(object.size().words()) : "",
                patternFirst ? patternWord : "",
                colour ? say(object.colour().words()) : "",
                say(object.kind().noun())));
        return pattern && !patternFirst ? phrase + " " + say(Frames.IN_A_PATTERN, withArticle(patternWord)) : phrase;
    }

    private String say(Words words, Object... parts) {
        String chosen = words.choose(wording, wordRandom);
        return parts.length == 0 ? chosen : chosen.formatted(parts);
    }

    private static String enumeration(List<String> parts) {
        String last = parts.getLast();
        return parts.size() == 1 ? last : String.join(", ", parts.subList(0, parts.size() - 1)) + " and " + last;
    }

    private static String joined(String... parts) {
        return String.join(
                " ", List.of(parts).stream().filter(part -> !part.isEmpty()).toList());
    }

    private static String withArticle(String phrase) {
        return ("aeiou".indexOf(phrase.charAt(0)) >= 0 ? "an " : "a ") + phrase;
    }

    private static String sentence(String words) {
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1) + ".";
    }
}
