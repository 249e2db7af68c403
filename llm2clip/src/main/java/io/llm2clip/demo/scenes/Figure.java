package io.llm2clip.demo.scenes;

import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.util.List;

/**
 * How a kind of object is drawn, in units of its height with y pointing down: ground objects stand on y = 0 and reach up
 * to -1, flying ones lie between -0.5 and 0.5. Only the body takes the object's colour and pattern.
 *
 * @param shadowWidth width of the shadow on the ground, 0 for none
 */
record Figure(List<Part> behind, Shape body, List<Part> front, double shadowWidth) {

    /** A piece with a fixed colour. */
    record Part(Shape shape, Color fill, boolean outlined) {

        static Part outlined(Shape shape, Color fill) {
            return new Part(shape, fill, true);
        }

        static Part flat(Shape shape, Color fill) {
            return new Part(shape, fill, false);
        }

        Part transformed(AffineTransform transform) {
            return new Part(transform.createTransformedShape(shape), fill, outlined);
        }
    }

    Figure transformed(AffineTransform transform) {
        return new Figure(
                behind.stream().map(part -> part.transformed(transform)).toList(),
                transform.createTransformedShape(body),
                front.stream().map(part -> part.transformed(transform)).toList(),
                shadowWidth);
    }
}
