; A robot walks from square to square and has to have been at some of them.
(define (domain visitall)
  (:requirements :strips :typing)
  (:types square)
  (:predicates
    (next ?a - square ?b - square)
    (at ?a - square)
    (visited ?a - square))
  (:action walk
    :parameters (?a - square ?b - square)
    :precondition (and (at ?a) (next ?a ?b))
    :effect (and (at ?b) (visited ?b) (not (at ?a)))))
