; A player pushes boxes over a grid, each to a square of its own; a push against a wall may be the end of a box.
(define (domain sokoban)
  (:requirements :strips :typing)
  (:types square direction box)
  (:predicates
    (next ?a - square ?b - square ?d - direction)
    (player-at ?a - square)
    (box-at ?k - box ?a - square)
    (free ?a - square))
  (:action walk
    :parameters (?a - square ?b - square ?d - direction)
    :precondition (and (player-at ?a) (free ?b) (next ?a ?b ?d))
    :effect (and (player-at ?b) (free ?a) (not (player-at ?a)) (not (free ?b))))
  (:action push
    :parameters (?k - box ?a - square ?b - square ?c - square ?d - direction)
    :precondition (and (player-at ?a) (box-at ?k ?b) (free ?c) (next ?a ?b ?d) (next ?b ?c ?d))
    :effect (and (player-at ?b) (box-at ?k ?c) (free ?a)
      (not (player-at ?a)) (not (box-at ?k ?b)) (not (free ?c)))))
