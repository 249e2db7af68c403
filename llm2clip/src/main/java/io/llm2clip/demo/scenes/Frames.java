package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

import java.util.List;

/** Sentences and parts of sentences that captions are built from; {@code %s} is what they speak of. */
final class Frames {
    /** Setting, light: both with their preposition. */
    static final Words OPENING = either("this is a picture taken %s %s", "a view %s %s", "we are %s %s");

    /** The setting's name without preposition. */
    static final Words SETTING = either("the setting is %s", "the location is %s", "we visit %s");

    static final Words LIGHT = either("the picture is set %s", "it happens %s", "the time is %s");

    static final Words STANDS = either("stands", "rests", "is placed");
    static final Words HANGS = either("hangs", "hovers", "floats");
    static final Words SHINES = either("shines", "gleams", "beams");
    static final Words THERE_IS = either("there is", "one sees", "we see");
    static final Words NOTICE = either("one can also notice", "you may find", "we further spot");

    static final Words COLOURED = either("coloured %s", "%s in hue", "tinted %s");
    static final Words RATHER = either("rather %s", "quite %s", "fairly %s");
    static final Words IN_A_PATTERN = either("in %s pattern", "with %s design", "with %s print");

    static final Words LEFT_OF = either("is to the left of", "stays left of", "appears left of");
    static final Words RIGHT_OF = either("is to the right of", "stays right of", "appears right of");

    /** Sentences that are true of every image, and therefore say nothing. */
    static final List<Words> FILLERS = List.of(
            either("no people are visible anywhere", "not a single person is around", "it is without humans"),
            either("the style is simple and flat", "the look is graphic", "it is made with ease"),
            either("the drawing has clear outlines", "each thing has a rim", "its edges are crisp"),
            either("the composition is balanced", "the parts fit together", "the layout feels even"),
            either("it looks like a page of a children's book", "we see a cartoon", "it could illustrate a tale"),
            either("the mood is peaceful", "it is all serene", "it feels calm"),
            either("nothing else draws attention", "there is no more to see", "that is all there is"),
            either("the image has a square format", "width and height are equal", "it is as wide as it is high"),
            either("the view is from eye level", "we look straight at it", "we see it head on"),
            either("there is no text in the picture", "no letters are seen", "it is without words"),
            either("the shapes are easy to recognise", "each form is distinct", "we know all of it"),
            either("the artist left out fine texture", "parts are left out", "surfaces are kept smooth"));

    private Frames() {}
}
